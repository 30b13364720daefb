#!/usr/bin/env bash
# The recipes that ship: all of them build from Debian's source archives, and give the same digests
# from another directory, with another umask, locale, time zone, job count, order of directories and
# layout of memory, asked for in another order, from an empty store. matrix_test.sh varies one thing at a time, and more of them.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new

in_workspace "$CULLET" build --json >"$FIXTURE_DIR/first.json"
digests() { jq -r '.builds[] | "\(.recipe) \(.image.digest // .components[-1].tree)"' "$1" | sort; }
digests "$FIXTURE_DIR/first.json"

first=$WORKSPACE
workspace_new
mkdir -p "$FIXTURE_DIR/a longer path"
mv "$WORKSPACE" "$FIXTURE_DIR/a longer path/ with: spaces"
WORKSPACE="$FIXTURE_DIR/a longer path/ with: spaces"
(
  umask 077
  # Sources and packages are taken over, results are not: all is built again.
  mkdir -p "$FIXTURE_DIR/other store"
  cp -r "$CULLET_STORE"/{version,blobs,forks} "$FIXTURE_DIR/other store"
  mkdir "$FIXTURE_DIR/locales"
  localedef --inputfile=tr_TR --charmap=UTF-8 "$FIXTURE_DIR/locales/tr_TR.UTF-8" 2>/dev/null || true
  gcc -shared -fPIC -O1 -o "$FIXTURE_DIR/shuffle.so" "$E2E_ROOT/tests/e2e/matrix/shuffle.c"
  export LOCPATH=$FIXTURE_DIR/locales LC_ALL=tr_TR.UTF-8 TZ=Pacific/Auckland
  in_workspace setarch "$(uname -m)" --addr-no-randomize env LD_PRELOAD="$FIXTURE_DIR/shuffle.so" SHUFFLE_SEED=7 \
    "$CULLET" --store "$FIXTURE_DIR/other store" build pcre2 nginx zlib lua busybox --jobs 1 --json >"$FIXTURE_DIR/second.json"
)
same "$(digests "$FIXTURE_DIR/second.json")" "$(digests "$FIXTURE_DIR/first.json")" \
  'the same digests from another place'
same "$(jq -r '[.builds[].components[] | select(.cached | not)] | length > 0' "$FIXTURE_DIR/second.json")" true \
  'and they were built anew'
WORKSPACE=$first

# The digests of root and of an unprivileged user meet here: the second to come compares.
record=/var/tmp/cullet-test-digests-$(cd "$E2E_ROOT" && cat cullet.yaml cullet.lock forks/*.yaml recipes/*.yaml "$CULLET" | sha256sum | cut -c1-16)
if [[ -e $record ]]; then
  same "$(digests "$FIXTURE_DIR/first.json")" "$(<"$record")" 'the same digests as the other user'
else
  digests "$FIXTURE_DIR/first.json" >"$record"
  chmod 644 "$record"
fi

# --- what is reproducible passes --check with programs of a real environment; what isn't doesn't,
# though both builds run in the same second of the same year, on the same file system.
in_workspace "$CULLET" build lua --check --json 2>/dev/null >"$FIXTURE_DIR/checked.json"
same "$(jq -r .check.same "$FIXTURE_DIR/checked.json")" true 'lua comes out the same as on another machine'
leak() { # CAUSE SCRIPT
  printf 'fork: lua\nenvironment: c\nsteps:\n  - run: |\n      mkdir -p made "$OUT/share"\n      (%s) >"$OUT/share/leak"\nimage: { contents: [leak] }\n' \
    "$2" >"$WORKSPACE/recipes/leak.yaml"
  expect 3 "most likely cause: $1 " "$CULLET" build leak --check
}
leak time 'date +%Y'
leak order 'cd made; for i in $(seq 40); do echo >$i; done; find .'
rm "$WORKSPACE/recipes/leak.yaml"

containers_begin
# podman takes the path of a layout for a name, and names have no part that starts with a dot.
layout=$FIXTURE_DIR/layout
cp -r "$WORKSPACE/.cullet/registry" "$layout"
run() { podman_run "$@"; }
same "$(run "oci:$layout/lua:$(in_workspace "$CULLET" fork list --json | jq -r .forks.lua.version)" -e 'print(6 * 7)')" 42 \
  'the lua image runs in podman'
same "$(run "oci:$layout/busybox:$(in_workspace "$CULLET" fork list --json | jq -r .forks.busybox.version)" echo hi)" hi \
  'the busybox image runs in podman'
same "$(in_workspace "$CULLET" ls busybox | grep -c '^-')" 1 'busybox is one file'
version=$(in_workspace "$CULLET" fork list --json | jq -r .forks.nginx.version)
podman_run --entrypoint /usr/sbin/nginx "oci:$layout/nginx:$version" -v
echo 'ok: the nginx image runs in podman'
in_workspace "$CULLET" ls nginx var/lib/dpkg/status.d | grep status.d/libc6 >/dev/null
echo 'ok: scanners find the packages'
skopeo_do inspect --config "oci:$layout/nginx:$version" |
  holds '.config.User == "101:101" and .config.ExposedPorts["8080/tcp"] and .created'
echo 'ok: the config is as declared'
