# shellcheck shell=bash
# What differs between two images of more than 1 GiB, and where each of their files comes from, when
# their layers are in the store; beside unpacking both and comparing the trees.

workspace_single inspected <<'END_RECIPE'
env: { GESTURE: wave }
steps:
  - run: |
      mkdir -p "$OUT/data" "$OUT/lib"
      cd "$OUT/data"
      openssl enc -aes-128-ctr -pass pass:x -nosalt -md sha256 -in /dev/zero 2>/dev/null | head -c 1200M |
        split -b 120K -a 5 -d - file-
      cd "$OUT/lib"
      echo "int greet(void) { return 1; } int $GESTURE(void) { return 2; }" >/tmp/x.c
      gcc -shared -fPIC -nostdlib -Wl,-soname,libgreet.so.1 -o libgreet.so.1 /tmp/x.c
image: { contents: [inspected] }
END_RECIPE
workspace=$WORK/inspected
(cd "$workspace" && rm -rf keys && "$CULLET" key new >/dev/null)
inspected_build() {
  "$CULLET" -C "$workspace" build inspected --json 2>"$WORK/stderr" | jq -r .image.digest || { cat "$WORK/stderr" >&2 && return 1; }
}
printf 'building two images of more than 1 GiB\n' >&2
before=$(inspected_build)
sed -i 's/version: "1"/version: "2"/' "$workspace/forks/inspected.yaml"
sed -i 's/GESTURE: wave/GESTURE: bow/' "$workspace/recipes/inspected.yaml"
after=$(inspected_build)
image=oci:$workspace/.cullet/registry/inspected
inspect_diff() { "$CULLET" -C "$workspace" diff "$image@$before" "$image@$after" || [[ $? == 3 ]]; }
inspect_explain() { "$CULLET" -C "$workspace" explain "$image@$after" --all; }
fact 'inspected image' "$("$CULLET" -C "$workspace" ls "$image@$after" | wc -l) paths, $(du -sh "$workspace/.cullet/registry" | cut -f1) for two"

unpacked_diff() {
  local side
  for side in before after; do
    rm -rf "$WORK/unpacked-$side"
    umoci --log=error unpack --rootless --image "${image#oci:}:$side" "$WORK/unpacked-$side"
  done
  diff -rq "$WORK/unpacked-before/rootfs" "$WORK/unpacked-after/rootfs" || [[ $? == 1 ]]
}
# umoci reads gzip alone: it gets the images in that form, and is not timed for it.
skopeo copy -q --insecure-policy --dest-compress-format gzip "$image:1" "oci:$WORK/gzip:before"
skopeo copy -q --insecure-policy --dest-compress-format gzip "$image:2" "oci:$WORK/gzip:after"
image_of_cullet=$image image=oci:$WORK/gzip
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed unpacked unpacked_diff
done
image=$image_of_cullet
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed diff inspect_diff
  timed explain inspect_explain
done
row 'diff of images > 1 GiB, with symbols' diff 'umoci unpack × 2, diff -rq' unpacked
row 'explain --all' explain 'the same' unpacked
# What an image costs that was made elsewhere: its layers are read once.
first_diff() { CULLET_STORE=$WORK/store-other-$1 inspect_diff; }
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed first first_diff "$run"
done
fact 'diff, layers read for the first time' "$(median first) s"
rm -rf "$WORK"/unpacked-* "$WORK"/gzip "$WORK"/store-other-*
