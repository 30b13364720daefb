# shellcheck shell=bash
# What the end-to-end tests share: the real cullet on real sources. Each test is one script, run by
# tests/e2e/run as the current user or as an unprivileged one.
#
#   CULLET         the program
#   E2E_STORE      a store that the tests of one user share, so that packages are fetched once

E2E_ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=../support/lib.sh
source "$E2E_ROOT/tests/support/lib.sh"

# e2e_begin: scratch space (FIXTURE_DIR), the store, and an environment that is nobody's.
e2e_begin() {
  fixture_begin
  : "${CULLET:?the program to test}"
  export HOME=$FIXTURE_DIR/home CULLET_PASSPHRASE='correct horse'
  mkdir -p "$HOME"
  unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR DOCKER_CONFIG REGISTRY_AUTH_FILE
  export CULLET_STORE=${E2E_STORE:-$FIXTURE_DIR/store}
}

# workspace_new: makes $WORKSPACE, a workspace with the project's environments, lock, forks and
# recipes, and its keys.
workspace_new() {
  WORKSPACE=$(fixture_subdirectory workspace)
  cp -r "$E2E_ROOT"/{cullet.yaml,cullet.lock,forks,recipes} "$WORKSPACE"
  (cd "$WORKSPACE" && "$CULLET" key new >/dev/null)
}

# fork_new NAME: a git repository at $FORK_REPOSITORY with a Makefile that installs `hello`, and in
# $WORKSPACE a fork that pins it and a recipe that builds it.
fork_new() {
  local name=$1
  FORK_REPOSITORY=$(fixture_subdirectory repository)
  cat >"$FORK_REPOSITORY/Makefile" <<'END'
all: hello
hello: hello.c ; $(CC) -static -O2 -o $@ hello.c
install: ; install -D hello $(DESTDIR)/bin/hello
END
  printf '#include <stdio.h>\nint main(void) { puts("hello from %s"); return 0; }\n' "$name" \
    >"$FORK_REPOSITORY/hello.c"
  repository_commit "$name"
  cat >"$WORKSPACE/recipes/$name.yaml" <<END
fork: $name
environment: c
steps:
  - run: make CC=gcc
  - run: make install DESTDIR="\$OUT"
check:
  - run: ./hello | grep -q hello
image:
  contents: [$name]
  config: { entrypoint: [/bin/hello] }
  test:
    - exec: [/bin/hello]
END
}

# patch_new NAME: a patch file for fork_new's fork, which makes it greet otherwise:
# forks/NAME/fix.patch.
patch_new() {
  mkdir -p "$WORKSPACE/forks/$1"
  cat >"$WORKSPACE/forks/$1/fix.patch" <<END
--- a/hello.c
+++ b/hello.c
@@ -1,2 +1,2 @@
 #include <stdio.h>
-int main(void) { puts("hello from $1"); return 0; }
+int main(void) { puts("hello, patched, from $1"); return 0; }
END
}

# small_new NAME: a fork and a recipe that take tenths of a second to build: steps are busybox alone,
# and the image holds a few files of $WORKSPACE's recipe. Sets FORK_REPOSITORY.
small_new() {
  local name=$1
  FORK_REPOSITORY=$(fixture_subdirectory repository)
  seq 20000 >"$FORK_REPOSITORY/numbers"
  repository_commit "$name"
  cat >"$WORKSPACE/recipes/$name.yaml" <<END
fork: $name
environment: probe
env: { ROUND: "0" }
steps:
  - run: |
      busybox mkdir -p "\$OUT/bin" "\$OUT/share"
      busybox cp /usr/bin/busybox "\$OUT/bin/busybox"
      busybox cp numbers "\$OUT/share/numbers"
      for i in \$(busybox seq 40); do busybox sha256sum numbers >"\$OUT/share/\$i"; done
image:
  contents: [$name]
  config: { entrypoint: [/bin/busybox] }
  test:
    - exec: [/bin/busybox, "true"]
END
}

# small_round NAME N: changes what the small recipe NAME's step sees, and nothing of what comes out: the
# next build runs it again and has to give the same digest.
small_round() { sed -i "s/ROUND: .*/ROUND: \"$2\" }/" "$WORKSPACE/recipes/$1.yaml"; }

# small_store DIRECTORY NAME: makes CULLET_STORE a new store, and has $WORKSPACE take the packages of
# the small recipe NAME from a mirror on disk: all is made again, and no network is needed. Builds it
# once in the store that the tests share.
small_store() {
  local blob path store=$CULLET_STORE
  in_workspace "$CULLET" build "$2" >/dev/null 2>"$FIXTURE_DIR/err" || { cat "$FIXTURE_DIR/err" >&2; return 1; }
  read -r blob path < <(jq -r '.packages[] | select(.path | contains("/busybox-static_")) |
    "\(.sha256[:2])/\(.sha256) \(.path)"' "$WORKSPACE/cullet.lock")
  # A store that an older cullet collected may have what was unpacked, and not the package.
  [[ -e $store/blobs/$blob ]] || {
    store=$FIXTURE_DIR/fetched
    in_workspace "$CULLET" --store "$store" build "$2" >/dev/null 2>&1
  }
  install -D -m 644 "$store/blobs/$blob" "$FIXTURE_DIR/mirror/$path"
  printf 'mirrors: ["file://%s"]\n' "$FIXTURE_DIR/mirror" >>"$WORKSPACE/cullet.yaml"
  export CULLET_STORE=$1
}

# layout_whole LAYOUT: every tag of an OCI layout points at a manifest, and that at blobs, which are
# there and hash to their names. Prints how many tags there are. A layout that isn't there has none.
layout_whole() {
  "$PYTHON" - "$1" <<'END'
import hashlib, json, pathlib, sys
layout = pathlib.Path(sys.argv[1])
def blob(descriptor):
    data = (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
    assert len(data) == descriptor["size"], descriptor
    assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"], descriptor
    return data
tags = 0
if (layout / "index.json").exists():
    for entry in json.loads((layout / "index.json").read_bytes())["manifests"]:
        manifest = json.loads(blob(entry))
        for part in [manifest["config"], *manifest["layers"]]:
            blob(part)
        tags += "org.opencontainers.image.ref.name" in entry.get("annotations", {})
print(tags)
END
}

# git_do ARGUMENT...: git in $FORK_REPOSITORY, with an author and a time of its own.
git_do() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
    GIT_AUTHOR_DATE='2024-05-06T07:08:09Z' GIT_COMMITTER_DATE='2024-05-06T07:08:09Z' \
    git -C "$FORK_REPOSITORY" -c user.name=Someone -c user.email=someone@example.com "$@"
}

# repository_commit NAME: makes a git repository of what stands in $FORK_REPOSITORY, and a fork that
# pins its one commit.
repository_commit() {
  git_do init --quiet --initial-branch=main
  git_do add --all
  git_do commit --quiet --message='first'
  fork_pin "$1"
}

# fork_pin NAME [URL]: pins the repository's HEAD.
fork_pin() {
  cat >"$WORKSPACE/forks/$1.yaml" <<END
upstream: ${2:-file://$FORK_REPOSITORY}
url: ${2:-file://$FORK_REPOSITORY}
pin: { commit: $(git_do rev-parse HEAD), version: 1.0.0 }
END
}

# in_workspace COMMAND...: runs it there.
in_workspace() { (cd "$WORKSPACE" && "$@"); }

# digest_of RECIPE: prints the digest of the image that the workspace's registry has.
digest_of() { jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] != null)
  | select(.annotations["org.opencontainers.image.ref.name"] | startswith("sha256-") | not)
  | .digest' "$WORKSPACE/.cullet/registry/$1/index.json" | sort -u; }

# expect STATUS TEXT COMMAND...: the command, in the workspace, ends with that status and says that
# text (a fixed string) on standard error; nothing of it is a bug of cullet.
expect() {
  local status=$1 text=$2 got=0
  shift 2
  in_workspace "$@" >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" || got=$?
  if [[ $got != "$status" ]] || { [[ -n $text ]] && ! grep -qF -- "$text" "$FIXTURE_DIR/err"; }; then
    printf 'FAILED: %s\n  wanted status %s and «%s», got status %s and:\n' "$*" "$status" "$text" "$got" >&2
    sed 's/^/  | /' "$FIXTURE_DIR/err" >&2
    exit 1
  fi
  printf 'ok: status %s: %s\n' "$status" "${text:-$*}"
}

# holds FILTER [FILE]: whether jq's filter says so of every record, of which there is one at least (`jq
# --exit-status` alone is content with none).
holds() { jq --exit-status --slurp "length > 0 and all(.[]; $1)" "${@:2}" >/dev/null; }

# same A B WHAT: the two are equal and not empty.
same() {
  if [[ -z $1 || $1 != "$2" ]]; then
    printf 'FAILED: %s: «%s» and «%s»\n' "$3" "$1" "$2" >&2
    exit 1
  fi
  printf 'ok: %s: %s\n' "$3" "$1"
}
