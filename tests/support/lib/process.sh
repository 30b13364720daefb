# shellcheck shell=bash
# Scratch space, and processes that cannot outlive the test.

# The system's interpreter, not whatever a version manager puts first on PATH: the test user may not
# be allowed to read root's.
PYTHON=${PYTHON:-/usr/bin/python3}

# fixture_begin [PARENT]: makes FIXTURE_DIR below PARENT (default: TMPDIR) and has everything undone
# on exit: processes end, functions named in FIXTURE_UNDO are called (last first). The path is kept short, because Unix sockets below it may have at most 107 bytes.
fixture_begin() {
  # A umask such as 0777 would lock us out of our own files, and ssh refuses keys that others may
  # read. Tests that study the umask set it around the command that they test.
  umask 022
  FIXTURE_DIR=$(_new_directory "${1:-${TMPDIR:-/tmp}}/fx")
  # Set for the machine's sake, these would outdo what a test says of certificates, repositories and
  # addresses.
  unset GIT_SSL_CAINFO GIT_DIR GIT_WORK_TREE
  export NO_PROXY=127.0.0.1,::1,localhost no_proxy=127.0.0.1,::1,localhost
  FIXTURE_PIDS=()
  FIXTURE_UNDO=()
  trap fixture_end EXIT
  # Without these a signal would end bash without its EXIT trap.
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# fixture_end: stops what runs, last started first, and removes FIXTURE_DIR. The trap calls it.
# Keeps FIXTURE_DIR if FIXTURE_KEEP is set, to look at logs after a failure.
fixture_end() {
  local index
  trap - EXIT
  for ((index = ${#FIXTURE_UNDO[@]} - 1; index >= 0; index--)); do
    ${FIXTURE_UNDO[index]} || true
  done
  for ((index = ${#FIXTURE_PIDS[@]} - 1; index >= 0; index--)); do
    process_stop "${FIXTURE_PIDS[index]}"
  done
  if [[ -n ${FIXTURE_KEEP:-} ]]; then
    printf 'kept %s\n' "$FIXTURE_DIR" >&2
  else
    # Directories alone: files may be links of what is not ours.
    find "$FIXTURE_DIR" -type d ! -perm -700 -exec chmod u+rwx {} + 2>/dev/null || true
    rm -rf -- "$FIXTURE_DIR"
  fi
}

# fixture_subdirectory NAME: prints a new directory for one more instance of NAME.
fixture_subdirectory() {
  _new_directory "$FIXTURE_DIR/$1"
}

# _new_directory PREFIX: as mktemp -d does, but in lower case: podman makes an image's name of the
# path of an OCI layout, and names have no upper case.
_new_directory() {
  local path
  printf -v path '%s.%08x' "$1" "$SRANDOM"
  mkdir -m 700 -- "$path"
  printf '%s\n' "$path"
}

# process_start LOG COMMAND...: runs COMMAND in the background with both outputs in LOG; sets
# PROCESS_PID. The kernel kills it when this shell dies, even by SIGKILL, when no trap runs.
process_start() {
  local log=$1
  shift
  setpriv --pdeathsig KILL -- "$@" </dev/null >>"$log" 2>&1 &
  PROCESS_PID=$!
  FIXTURE_PIDS+=("$PROCESS_PID")
}

# process_stop PID: ends a process that process_start started; returns when it is gone.
process_stop() {
  local pid=$1 tries
  kill -TERM "$pid" 2>/dev/null || true
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.02
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  local kept=() other
  for other in "${FIXTURE_PIDS[@]}"; do
    # Never signal an id again once it is free: it may belong to someone else by then.
    [[ $other == "$pid" ]] || kept+=("$other")
  done
  FIXTURE_PIDS=("${kept[@]}")
}

# process_await PID LOG COMMAND...: polls until COMMAND succeeds. Fails, showing LOG, as soon as the
# process is dead, or after FIXTURE_PATIENCE seconds (default 30: a loaded machine is no failure).
process_await() {
  local pid=$1 log=$2 deadline=$((SECONDS + ${FIXTURE_PATIENCE:-30}))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= deadline)); then
      printf 'not ready: %s\n' "$*" >&2
      tail -n 20 -- "$log" >&2
      return 1
    fi
    sleep 0.05
  done
}
