# shellcheck shell=bash
# What provenance and an SBOM add to a build of nginx. All that is built anew is the image, so that as
# little as can be stands beside them: a file that the recipe declares changes each time. Then once with
# nothing remembered of the image's files, which is what a build on a new machine meets.

workspace=$WORK/attest
workspace_new "$workspace"
(cd "$workspace" && "$CULLET" key new keys/attest.pem >/dev/null)
registry_start anonymous
attest_build() { (cd "$workspace" && "$CULLET" build nginx --push "$REGISTRY/bench/$1:latest" "${@:2}"); }
printf 'building nginx\n' >&2
attest_build warm >/dev/null
# declare TEXT: what /etc/bench says.
cp "$workspace/recipes/nginx.yaml" "$WORK/nginx.yaml"
declare_file() { sed "s|^  files:|&\n    - { path: /etc/bench, text: \"$1\" }|" "$WORK/nginx.yaml" >"$workspace/recipes/nginx.yaml"; }
for ((run = 0; run < BENCH_RUNS; run++)); do
  declare_file "with $run"
  timed attested attest_build with
  declare_file "without $run"
  timed silent attest_build without --no-attest
done
row 'an image of nginx, attested' attested 'the same with --no-attest' silent
fact 'attestations add' "$(awk -v a="$(median attested)" -v b="$(median silent)" 'BEGIN {printf "%.0f ms", 1000 * (a - b)}')"

# The store remembers SHA-1s, which SPDX asks for, by tree: without those records every file is read.
for ((run = 0; run < BENCH_RUNS; run++)); do
  grep -rlsF '"trees":[],"value":{"blob":"sha256:' "$CULLET_STORE/actions" | xargs -r rm -f
  declare_file "cold $run"
  timed cold attest_build cold
done
fact 'the first time they add' "$(awk -v a="$(median cold)" -v b="$(median silent)" 'BEGIN {printf "%.0f ms", 1000 * (a - b)}')"
registry_stop
