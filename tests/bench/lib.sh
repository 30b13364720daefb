# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is for the rows
# What the rows of scripts/bench share. Each row is one script in rows/, sourced after this one.

BENCH_ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
export TMPDIR=${TMPDIR:-/var/tmp}
# shellcheck source=../support/lib.sh
source "$BENCH_ROOT/tests/support/lib.sh"

# bench_begin: scratch space (WORK), the programs (CULLET, BENCH), and what the run stands on.
bench_begin() {
  fixture_begin
  WORK=$FIXTURE_DIR
  CULLET=$BENCH_ROOT/build/release-bench/src/cli/cullet
  BENCH=$BENCH_ROOT/build/release-bench/tests/bench/cullet_bench
  export HOME=$WORK/home CULLET_PASSPHRASE='correct horse' CULLET_STORE=$WORK/store
  mkdir -p "$HOME" "$WORK/times"
  unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR DOCKER_CONFIG REGISTRY_AUTH_FILE
  printf '%s processors, load %s, medians of %s runs\n' "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" "$BENCH_RUNS"
}

# timed NAME COMMAND...: runs it and notes its wall-clock seconds under NAME.
timed() {
  local name=$1 start=$EPOCHREALTIME
  shift
  "$@" >"$WORK/stdout" 2>"$WORK/stderr" || { cat "$WORK/stderr" >&2 && return 1; }
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.4f\n", b - a}' >>"$WORK/times/$name"
}

# median NAME: of what was noted under it.
median() {
  sort -n "$WORK/times/$1" | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

# row WHAT NAME PEER PEER-NAME: prints one line of the table.
row() {
  awk -v w="$1" -v a="$(median "$2")" -v p="$3" -v b="$(median "$4")" \
    'BEGIN {printf "%-36s %9.3f s   %-40s %9.3f s   %8.4f x\n", w, a, p, b, a / b}'
}
# fact WHAT TEXT...: prints a line without a peer.
fact() { printf '%-36s %s\n' "$1" "${*:2}"; }

# buildah_do ARGUMENT...: with storage of its own that needs nothing of the machine.
buildah_do() { buildah --root "$WORK/buildah" --runroot "$WORK/buildah-run" --storage-driver vfs "$@"; }

# workspace_new DIRECTORY: the project's workspace, with a key.
workspace_new() {
  mkdir -p "$1"
  cp -r "$BENCH_ROOT"/{cullet.yaml,cullet.lock,forks,recipes} "$1"
  (cd "$1" && "$CULLET" key new keys/release.pem >/dev/null)
}

# workspace_single NAME: makes the workspace $WORK/NAME with one fork and one recipe of that name; the
# recipe's environment is `c`, the rest of it comes from standard input.
workspace_single() {
  local repository=$WORK/$1.git workspace=$WORK/$1
  workspace_new "$workspace"
  rm -r "$workspace"/forks/* "$workspace"/recipes/*
  git init -q -b main "$repository"
  echo "$1" >"$repository/README"
  git -C "$repository" add -A
  git -C "$repository" -c user.name=bench -c user.email=bench@example.com commit -qm "$1"
  {
    printf 'upstream: file://%s\nurl: file://%s\n' "$repository" "$repository"
    printf 'pin: { commit: %s, version: "1" }\n' "$(git -C "$repository" rev-parse HEAD)"
  } >"$workspace/forks/$1.yaml"
  { printf 'fork: %s\nenvironment: c\n' "$1" && cat; } >"$workspace/recipes/$1.yaml"
}

# random_files COUNT SIZE: a recipe's step that writes files of bytes that don't compress, so that an
# image is as large as its files.
random_files() {
  cat <<END_STEPS
steps:
  - run: |
      mkdir -p "\$OUT/data"
      for i in \$(seq $1); do
        openssl enc -aes-128-ctr -pass "pass:\$i" -nosalt -md sha256 -in /dev/zero 2>/dev/null | head -c $2 >"\$OUT/data/\$i"
      done
END_STEPS
}

# component_tree WORKSPACE RECIPE: the directory of the recipe's component, which is built.
component_tree() {
  local tree
  tree=$(cd "$1" && "$CULLET" build "$2" --no-sign --json 2>/dev/null |
    jq -r --arg recipe "$2" '.components[] | select(.recipe == $recipe) | .tree')
  printf '%s/trees/%s/root\n' "$CULLET_STORE" "${tree#sha256:}"
}

# record KEY: the JSON of an action's record, which stands behind its digest.
record() { tail -n +2 "$CULLET_STORE/actions/${1:0:2}/$1"; }

# environment_tree WORKSPACE RECIPE: the directory of the environment it was built in.
environment_tree() {
  local key
  key=$(cd "$1" && "$CULLET" plan "$2" --all --json |
    jq -r '.actions[] | select(.action == "environment") | .key' | head -n 1)
  key=${key#sha256:}
  printf '%s/trees/%s/root\n' "$CULLET_STORE" \
    "$(record "$key" | jq -r .value.tree | cut -d: -f2)"
}

# requests COMMAND...: prints what it asks of a registry, by the system calls that send.
requests() {
  strace -f -e trace=sendto,sendmsg,write -s 64 -o "$WORK/strace" "$@" >/dev/null 2>&1
  grep -cE '"(GET|HEAD|POST|PUT|PATCH) /v2/' "$WORK/strace"
}

# followed_workspace WORKSPACE COUNT TAG: serves COUNT upstreams of 100 releases over http, through a
# server that counts requests, and makes a workspace of forks that are pinned at TAG.
followed_workspace() {
  local i repository=$1/served/x served=$1/served
  mkdir -p "$1/forks" "$1/recipes" "$served"
  git_http_start "$served"
  faulty_proxy "$GIT_HTTP_URL"
  cp "$BENCH_ROOT"/{cullet.yaml,cullet.lock} "$1"
  git init -q -b main "$repository"
  for ((i = 0; i < 100; i++)); do
    git -C "$repository" -c user.name=bench -c user.email=bench@example.com commit -q --allow-empty -m "$i"
    git -C "$repository" tag "v1.$i"
  done
  for ((i = 1; i <= $2; i++)); do
    cp -r "$repository/.git" "$served/f$i.git"
    printf 'upstream: %s\ntrack: { tags: "v*" }\nurl: %s\npin: { commit: %s, version: %s }\n' \
      "$FAULTY_URL/f$i.git" "$FAULTY_URL/f$i.git" "$(git -C "$repository" rev-parse "$3")" "${3#v}" >"$1/forks/f$i.yaml"
  done
}
ls_remote_all() { # COUNT
  local i
  for ((i = 1; i <= $1; i++)); do git ls-remote -q "$FAULTY_URL/f$i.git" || return 1; done
}
followed_end() { process_stop "$GIT_HTTP_PID"; }
