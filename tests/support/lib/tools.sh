# shellcheck shell=bash
# Programs that Debian does not have: built once, from pinned sources, and kept between tests.

# tool_install NAME BUILD: sets TOOL to the program NAME, which includes its version. If it is not in
# the cache yet, calls `BUILD DIRECTORY`, which must leave the program at DIRECTORY/program. The cache
# is CULLET_TOOLS, by default ~/.cache/cullet-tools.
tool_install() {
  local name=$1 build=$2 lock directory
  local tools=${CULLET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/cullet-tools}
  TOOL=$tools/$name
  [[ ! -x $TOOL ]] || return 0
  mkdir -p -- "$tools"
  # Two tests that start together build once; the second one waits and finds the program.
  exec {lock}>"$tools/lock"
  flock "$lock"
  if [[ ! -x $TOOL ]]; then
    printf 'building %s, once\n' "$name" >&2
    directory=$(mktemp -d "$tools/build.XXXXXX")
    "$build" "$directory"
    mv -- "$directory/program" "$TOOL"
    rm -rf -- "$directory"
  fi
  exec {lock}>&-
}

# go_isolated DIRECTORY ARGUMENT...: runs go with its caches in DIRECTORY, where they can be thrown
# away: they are gigabytes for one program.
go_isolated() {
  local directory=$1
  shift
  # -modcacherw, because rm could not remove the modules otherwise.
  GOTMPDIR=$directory GOBIN=$directory/bin GOMODCACHE=$directory/modules GOCACHE=$directory/objects CGO_ENABLED=0 \
    GOFLAGS='-modcacherw -trimpath -buildvcs=false' go "$@"
}
