#!/usr/bin/env bash
# What the machine may not give: threads, a directory that may be entered, the current directory, the
# store's lock. Each is done without or told as what it is, and every wait ends when it is asked to.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
rm -rf "${WORKSPACE:?}"/{forks,recipes} && mkdir "$WORKSPACE"/{forks,recipes}
small_new one
recipe=$WORKSPACE/recipes/one.yaml
build=("$CULLET" build one)
in_workspace "${build[@]}" >/dev/null 2>&1

# --- no thread can be had: each would take more stack than there are addresses ---
(
  ulimit -S -s 200000000000
  small_round one 1
  expect 0 '' "${build[@]}" --jobs 8
  expect 0 '' "$CULLET" push one "oci:$FIXTURE_DIR/pushed"
)

# --- what may not be entered, read or looked at ---
expect 4 'File name too long' "$CULLET" init "$(printf 'x%.0s' {1..300})"
small_round one 2
sed -i "s/^image:/  - run: busybox chmod 0 \"\$OUT\"\nimage:/" "$recipe"
expect 0 '' "${build[@]}"
if ((EUID == 0)); then
  echo 'skipped: nothing is closed to root'
else
  chmod 0 "$WORKSPACE/keys"
  for command in 'attestations one' 'key new'; do
    # shellcheck disable=SC2086 # words
    expect 4 'Permission denied' "$CULLET" $command
  done
  chmod 755 "$WORKSPACE/keys"
  mkdir -m 0 "$FIXTURE_DIR/closed"
  expect 4 'Permission denied' "$CULLET" init "$FIXTURE_DIR/closed"
fi

# --- a limit on files, and a workspace that was not finished for it ---
limited() (ulimit -f 2 && exec "$@")
expect 4 'File too large' limited "$CULLET" init "$FIXTURE_DIR/new"
mkdir -p "$FIXTURE_DIR/new/forks"
expect 0 '' "$CULLET" init "$FIXTURE_DIR/new"
rm "$FIXTURE_DIR/new/cullet.yaml"
expect 0 '' "$CULLET" init "$FIXTURE_DIR/new"
expect 1 'is there already' "$CULLET" init "$FIXTURE_DIR/new"
rm "$FIXTURE_DIR/new/cullet.yaml" && echo '/more' >>"$FIXTURE_DIR/new/.gitignore"
expect 1 '.gitignore is there already' "$CULLET" init "$FIXTURE_DIR/new"

# --- a current directory that is gone ---
gone() (
  mkdir "$FIXTURE_DIR/gone" && cd "$FIXTURE_DIR/gone" && rmdir "$FIXTURE_DIR/gone"
  exec "$@"
)
expect 0 '' gone "$CULLET" --version
expect 4 'the current directory is not there any more' gone "$CULLET" plan
expect 0 '' gone "$CULLET" -C "$WORKSPACE" plan

# --- Ctrl-C while another process collects ---
exec 9<>"$CULLET_STORE/locks/store"
flock 9
same "$(in_workspace "$PYTHON" "$E2E_ROOT/tests/e2e/terminal.py" caught interrupt -- \
  "$CULLET" store usage 9>&- 2>"$FIXTURE_DIR/err")" '130 echo' 'Ctrl-C ends the wait for the store'
exec 9>&-

# --- a command in a sandbox ends with cullet ---
(cd "$WORKSPACE" && exec "$CULLET" shell one -- busybox sh -c 'echo started; exec busybox sleep 60') \
  >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" </dev/null &
pid=$!
until grep -q started "$FIXTURE_DIR/out"; do kill -0 "$pid" && sleep 0.05; done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
same "$status" 130 'SIGTERM ends a shell'
same "$(in_workspace "$PYTHON" "$E2E_ROOT/tests/e2e/terminal.py" wait started interrupt -- \
  "$CULLET" shell one -- busybox sh -c 'echo started; exec busybox sleep 60' 2>"$FIXTURE_DIR/err")" '130 echo' \
  'and so does Ctrl-C end a command'
# shellcheck disable=SC2016 # the shell's own
same "$(in_workspace "$PYTHON" "$E2E_ROOT/tests/e2e/terminal.py" \
  wait '$ ' type 'echo $((40+2)); sleep 60' wait 42 run 'sleep 0.5' interrupt wait '$ ' type 'exit 3' -- \
  "$CULLET" shell one 2>"$FIXTURE_DIR/err")" '3 echo' "but not the shell, whose command's it is"
