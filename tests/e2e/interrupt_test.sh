#!/usr/bin/env bash
# Ctrl-C and kill -9 in the middle of a build: nothing runs on, nothing is half-written, and the next
# run gives the same digest.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
in_workspace "$CULLET" build greeting >/dev/null
digest=$(digest_of greeting)
mark=cullet-test-$$-$RANDOM
sed -i "s/- run: make CC=gcc/- run: 'touch \$OUT\/.started; sleep 600 # $mark'\n  - run: make CC=gcc/" "$WORKSPACE/recipes/greeting.yaml"

running() { pgrep -f "^/bin/sh -e -c .*$mark" >/dev/null; }
build_in_background() {
  (cd "$WORKSPACE" && exec "$CULLET" build greeting) >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" &
  pid=$!
  for _ in $(seq 1200); do running && return 0; sleep 0.05; done
  cat "$FIXTURE_DIR/err"
  return 1
}
gone() {
  for _ in $(seq 200); do running || return 0; sleep 0.05; done
  return 1
}

build_in_background
kill -INT "$pid"
status=0
wait "$pid" || status=$?
same "$status" 130 'an interrupted build says so'
gone
echo 'ok: Ctrl-C leaves nothing running'

build_in_background
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
gone
echo 'ok: kill -9 leaves nothing running'

# Whatever the moment: bwrap itself has one in which it would leave a child behind.
bwraps() { pgrep -f "^bwrap .*$mark" >/dev/null; }
mkfifo "$FIXTURE_DIR/said"
for round in $(seq 24); do
  sed -i "s/- run: '.*$mark.*/- run: 'sleep 600 # round $round $mark'/" "$WORKSPACE/recipes/greeting.yaml"
  (cd "$WORKSPACE" && exec "$CULLET" build greeting) >/dev/null 2>"$FIXTURE_DIR/said" &
  pid=$!
  exec 3<"$FIXTURE_DIR/said"
  while read -r line <&3 && [[ $line != *'step 1 of'* ]]; do :; done
  sleep "0.0$(printf '%02d' $((round / 2)))"
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null || true
  exec 3<&-
done
for _ in $(seq 100); do bwraps || break; sleep 0.05; done
if bwraps; then
  echo 'FAILED: bwrap outlives cullet'
  exit 1
fi
echo 'ok: kill -9 while a step begins leaves nothing running'

in_workspace "$CULLET" store check
sed -i "/$mark/d" "$WORKSPACE/recipes/greeting.yaml"
in_workspace "$CULLET" build greeting >/dev/null
same "$(digest_of greeting)" "$digest" 'the next run gives the same digest'
[[ -z $(find "$CULLET_STORE/tmp" -mindepth 1 -print -quit) ]]
echo 'ok: nothing unfinished is left'

# --- Ctrl-C where a person is asked ---
# at_terminal STEP... -- COMMAND...: see terminal.py; prints how the command ended.
at_terminal() { in_workspace env -u CULLET_PASSPHRASE "$PYTHON" "$E2E_ROOT/tests/e2e/terminal.py" "$@" 2>"$FIXTURE_DIR/err"; }
same "$(at_terminal wait 'new key: ' quiet interrupt -- "$CULLET" key new keys/new.pem)" '130 echo' \
  'Ctrl-C at the first prompt ends it, and the terminal echoes'
same "$(at_terminal wait 'new key: ' quiet type one wait 'again: ' quiet interrupt -- "$CULLET" key new keys/new.pem)" '130 echo' \
  'and at the second one'
[[ -z $(find "$WORKSPACE/keys" -name 'new.*') ]]
same "$(at_terminal caught interrupt -- "$CULLET" patch add greeting - --reason 'a test')" '130 echo' \
  'Ctrl-C ends the wait for a patch on standard input'
