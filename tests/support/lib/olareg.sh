# shellcheck shell=bash
# shellcheck disable=SC2034 # what the functions set is for the tests
# A registry that has the referrers API (distribution-spec 1.1), which Debian's docker-registry has not.
# (zot has it, too, but its module can't be had by `go` without its own host.)

OLAREG_VERSION=v0.1.2

# olareg_install: sets OLAREG to the program, unless it is set. The first time takes 20 s of processor time.
olareg_install() {
  [[ -z ${OLAREG:-} ]] || return 0
  tool_install "olareg-$OLAREG_VERSION" _olareg_build
  OLAREG=$TOOL
}

# olareg_start: starts it on a free port of 127.0.0.1, anonymous, with its own storage; sets what
# registry_start sets.
olareg_start() {
  REGISTRY_DIR=$(fixture_subdirectory registry)
  REGISTRY_USER='' REGISTRY_PASSWORD='' REGISTRY_CA='' REGISTRY_CERTIFICATE='' REGISTRY_KEY=''
  REGISTRY_CURL=(curl --silent --show-error)
  mkdir -- "$REGISTRY_DIR/storage"
  # The kernel chooses the port, and only the kernel says which.
  process_start "$REGISTRY_DIR/log" "$OLAREG" serve --addr 127.0.0.1 --port 0 --dir "$REGISTRY_DIR/storage"
  REGISTRY_PID=$PROCESS_PID
  process_await "$REGISTRY_PID" "$REGISTRY_DIR/log" _olareg_listens
  REGISTRY=127.0.0.1:$(_olareg_port)
  REGISTRY_URL=http://$REGISTRY
  process_await "$REGISTRY_PID" "$REGISTRY_DIR/log" _registry_answers
}

_olareg_listens() { [[ -n $(_olareg_port) ]]; }

# The port that the process listens at, by the sockets that it has open.
_olareg_port() {
  local inodes port
  inodes=$(find "/proc/$REGISTRY_PID/fd" -printf '%l\n' 2>/dev/null | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p' | tr '\n' ' ')
  port=$(awk -v inodes=" $inodes" '$4 == "0A" && index(inodes, " " $10 " ") {sub(/.*:/, "", $2); print $2}' \
    "/proc/$REGISTRY_PID/net/tcp" 2>/dev/null || true)
  [[ -z $port ]] || printf '%d\n' "0x$port"
}

_olareg_build() {
  go_program "$1" github.com/olareg/olareg/cmd/olareg github.com/olareg/olareg "$OLAREG_VERSION"
}
