#!/usr/bin/env bash
# The limits that a recipe sets: each one holds, whoever builds, and the error names it.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greedy
build=("$CULLET" build greedy)

# limited LIMITS STEP: the recipe, with these limits and this one step.
limited() {
  cat >"$WORKSPACE/recipes/greedy.yaml" <<END
fork: greedy
environment: c
limits: { $1 }
steps:
  - run: |
      $2
END
}

limited 'timeout: 1s' 'sleep 600'
expect 5 'still running after its timeout of 1 s' "${build[@]}"
limited 'timeout: 1s' 'exec >/dev/null 2>&1 </dev/null; sleep 600'
expect 5 'still running after its timeout of 1 s' "${build[@]}"

# A fork that fails, or, of root, whose processes the kernel does not count, a step that is ended.
limited 'processes: 20' 'for i in $(seq 60); do sleep 600 & done; wait'
expect 5 "step 1 of 1 of 'greedy' failed" "${build[@]}"
grep -qF 'the recipe limits each step to 20 processes at once' "$FIXTURE_DIR/err"
grep -qE 'it ran more than 20 processes at once|Cannot fork' "$FIXTURE_DIR/err"
if ((EUID == 0)) && [[ $(</proc/self/uid_map) =~ ^\ *0\ +0\ +4294967295$ ]]; then
  grep -qF 'it ran more than 20 processes at once' "$FIXTURE_DIR/err"
fi
echo 'ok: a fork bomb ends'
limited 'processes: 20' 'for i in $(seq 12); do sleep 0.2 & done; wait; echo >"$OUT/done"'
in_workspace "${build[@]}" >/dev/null 2>&1
echo 'ok: what stays below the limit runs'

limited 'memory: 64MiB' 'head -c 500M /dev/zero | sort >/dev/null'
expect 5 'the recipe limits each step to 64.0 MiB of memory a process' "${build[@]}"
grep -q 'memory exhausted' "$FIXTURE_DIR/err"

limited 'output: 1MiB' 'head -c 2M /dev/zero >"$OUT/one"'
expect 5 'it wrote a file larger than 1.0 MiB' "${build[@]}"
limited 'output: 1MiB' 'for i in 1 2 3; do head -c 500K /dev/zero >"$OUT/$i"; done'
expect 1 'the tree holds more than 1.0 MiB' "${build[@]}"
limited 'output: 1MiB' 'for i in 1 2; do head -c 500K /dev/zero >"$OUT/$i"; done'
in_workspace "${build[@]}" >/dev/null 2>&1
echo 'ok: what stays below the limit is taken'

# Memory that the machine has not is no limit of a recipe: the kernel kills, and it may be bwrap.
mark=compiling-$SRANDOM
limited 'timeout: 10m' "echo $mark; sleep 600"
(cd "$WORKSPACE" && exec "${build[@]}") >/dev/null 2>"$FIXTURE_DIR/err" &
until grep -qsx "$mark" "$CULLET_STORE"/logs/greedy-*.log && bwrap=$(pgrep -x -P $! bwrap); do
  kill -0 $! && sleep 0.1
done
kill -KILL "$bwrap"
got=0
wait $! || got=$?
same "$got" 4 'that bwrap was killed is the machine'"'"'s fault'
grep -qF "step 1 of 1 of 'greedy' failed: bwrap was killed by signal 9 (Killed) while the step ran" "$FIXTURE_DIR/err"
grep -qx "  | $mark" "$FIXTURE_DIR/err"
grep -q '^hint: out of memory?' "$FIXTURE_DIR/err"
grep -q '^hint: the whole output: ' "$FIXTURE_DIR/err"
in_workspace "$CULLET" store check
