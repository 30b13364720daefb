# shellcheck shell=bash
# A step that runs `true`, with overlay and seccomp, beside bubblewrap alone.

workspace=$WORK/step
workspace_new "$workspace"
(cd "$workspace" && "$CULLET" build lua >/dev/null 2>&1)
rootfs=$(environment_tree "$workspace" lua)
over=$(component_tree "$workspace" lua)
step_plain() { bwrap --unshare-all --ro-bind "$rootfs" / --proc /proc --dev /dev /usr/bin/true; }
for ((run = 0; run < BENCH_RUNS * 20; run++)); do
  "$BENCH" step "$rootfs" "$over" 1 >>"$WORK/times/step"
  timed plain step_plain
done
row 'a step that runs true' step 'bwrap --unshare-all alone' plain
