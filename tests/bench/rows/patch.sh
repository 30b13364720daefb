# shellcheck shell=bash
# From "here is the fix" to "it is in the registry": cullet patch add, then build --affected-by --push,
# in a warm store: nginx rebuilt, tested, compared file by file, signed and pushed; beside the same
# compile steps alone in bubblewrap. And the requests that its registry sees.

# shellcheck source=../alone.sh
source "$BENCH_ROOT/tests/bench/alone.sh"
workspace=$WORK/patch
workspace_new "$workspace"
(cd "$workspace" && "$CULLET" key new keys/attest.pem >/dev/null) # with VEX and all
sed -i 's/^image:$/image:\n  tags: ["{version}", latest]/' "$workspace/recipes/nginx.yaml"
registry_start anonymous
(cd "$workspace" && "$CULLET" build nginx --push "$REGISTRY/prod/nginx" >/dev/null)
alone_begin "$workspace"
patch_to_pushed() { # N
  cd "$workspace" &&
    "$CULLET" patch add zlib "$WORK/zlib/change.patch" --name "change-$1" --fixes "CVE-2026-1000$1" --reason 'a line' &&
    "$CULLET" build --affected-by zlib --push "$REGISTRY/prod"
}
patch_dropped() { (cd "$workspace" && "$CULLET" patch drop zlib "change-$1" >/dev/null); }
for ((run = 0; run < BENCH_RUNS; run++)); do
  zlib_changed "patch $run"
  timed patch eval "(patch_to_pushed $run)"
  patch_dropped "$run"
  alone_prepare
  timed patch-alone alone
done
row 'patch to pushed' patch 'the same steps in bwrap' patch-alone
zlib_changed "patch $BENCH_RUNS"
(cd "$workspace" && "$CULLET" patch add zlib "$WORK/zlib/change.patch" --name "change-$BENCH_RUNS" --reason 'a line' >/dev/null)
fact 'patch to pushed' "$(requests "$CULLET" -C "$workspace" build --affected-by zlib --push "$REGISTRY/prod") requests to the registry"
registry_stop
alone_end
