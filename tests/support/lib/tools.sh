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

# go_program DIRECTORY PACKAGE MODULE VERSION [REPLACED [TAGS]]: builds a program with the versions that
# its own module asks for. Unlike `go install` it asks for no list of versions, which a proxy need not
# have. REPLACED is the path that MODULE calls itself by, where that is another one.
go_program() {
  local directory=$1 package=$2 module=$3 version=$4 replaced=${5:-$3} tags=${6:-}
  mkdir -- "$directory/main"
  (
    cd -- "$directory/main"
    printf 'module cullet.test/program\n\ngo 1.26\n' >go.mod
    go_isolated "$directory" mod edit -require="$replaced@$version"
    [[ $replaced == "$module" ]] || go_isolated "$directory" mod edit -replace="$replaced=$module@$version"
    go_isolated "$directory" build -mod=mod -tags="$tags" -ldflags='-s -w' -o "$directory/program" "$package"
  )
}
