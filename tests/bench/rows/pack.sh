# shellcheck shell=bash
# Packing a tree to a zstd layer with both digests, beside GNU tar with one digest, umoci and
# buildah; and the floors of the machine.

# A mixture of what the machine has, the same on each run: up to 1.7 GiB.
printf 'preparing a tree of real files\n' >&2
mkdir "$WORK/tree"
find /usr/lib /usr/share /usr/bin /usr/include -xdev -type f -printf '%s\t%P\t%H\n' |
  LC_ALL=C sort | shuf --random-source=<(yes) |
  awk -F'\t' '{size += $1; if (size > 1.7 * 2^30) exit; printf "%s/%s%c", $3, $2, 0}' |
  tar --create --null --files-from=- --absolute-names --file=- 2>/dev/null |
  tar --extract --no-same-owner --directory="$WORK/tree" --file=- 2>/dev/null || true
find "$WORK/tree" -perm /6000 -exec chmod ug-s {} +
fact tree "$(du -sm --apparent-size "$WORK/tree" | cut -f1) MiB in $(find "$WORK/tree" -type f | wc -l) files"

tree=$("$BENCH" capture "$CULLET_STORE" "$WORK/tree")
files=$CULLET_STORE/trees/${tree#sha256:}/root

pack_gnu() { tar --sort=name --mtime=@315532800 --owner=0 --group=0 --numeric-owner -C "$files" -cf - . | zstd -3 -T2 -q | sha256sum; }
pack_umoci() { umoci insert --rootless --image "$WORK/umoci:t" "$files" /data; }
pack_buildah() {
  local container
  container=$(buildah_do from scratch)
  buildah_do copy -q "$container" "$files" /data
  buildah_do commit -q "$container" packed
  buildah_do rm "$container"
}

pack_gnu >/dev/null # both sides find the files in memory
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed gnu pack_gnu
  "$BENCH" pack "$CULLET_STORE" "$tree" 1 >>"$WORK/times/pack" 2>>"$WORK/memory"
done
row 'pack to zstd -3, two digests' pack 'tar | zstd -3 -T2 | sha256sum' gnu
for ((run = 0; run < BENCH_RUNS; run++)); do
  rm -rf "$WORK/umoci"
  umoci init --layout "$WORK/umoci" && umoci new --image "$WORK/umoci:t"
  timed umoci pack_umoci
done
rm -rf "$WORK/umoci"
row 'the same' pack 'umoci insert (gzip)' umoci
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed buildah pack_buildah
  buildah_do rmi --all --force >/dev/null
done
row 'the same' pack 'buildah copy, commit' buildah
fact 'packing: most memory' "$(sort -n "$WORK/memory" | tail -n 1)"

# What no arrangement of the same work can beat.
tar --sort=name -C "$files" -cf "$WORK/plain.tar" .
timed floor-zstd zstd -3 -T2 -q -f -o "$WORK/plain.zst" "$WORK/plain.tar"
timed floor-sha sha256sum "$WORK/plain.tar"
timed floor-read sh -c "tar -C '$files' -cf - . | cat >/dev/null"
fact 'floors' "zstd -3 -T2 alone $(median floor-zstd) s, sha256sum alone $(median floor-sha) s, reading $(median floor-read) s"
rm -rf "$WORK/plain.tar" "$WORK/plain.zst" "$WORK/tree"
