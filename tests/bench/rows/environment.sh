# shellcheck shell=bash
# An environment from a lock into an empty store, beside mmdebstrap --variant=extract with the same
# packages from the same mirror on loopback.

workspace_single empty <<'END_RECIPE'
steps:
  - run: touch "$OUT/made"
END_RECIPE
workspace=$WORK/empty
mirror=$WORK/mirror
environment_build() { (cd "$workspace" && "$CULLET" --store "$1" build empty); }
printf 'filling a local mirror\n' >&2
environment_build "$WORK/environment-first" >/dev/null

# The packages are in the store now, by the digests that the lock names.
# The largest set of the lock is that of environment `c`.
jq -r '. as $lock | [.sets[]] | max_by(.packages | length) | .packages[] as $id | $lock.packages[$id] |
  [.sha256, .path, ($id | split("=")[0])] | @tsv' "$workspace/cullet.lock" >"$WORK/packages"
while IFS=$'\t' read -r sha256 path _; do
  mkdir -p "$mirror/$(dirname "$path")"
  cp "$WORK/environment-first/blobs/${sha256:0:2}/$sha256" "$mirror/$path"
done <"$WORK/packages"
mkdir -p "$mirror/dists/bookworm/main/binary-$(dpkg --print-architecture)"
(cd "$mirror" && apt-ftparchive packages pool >"dists/bookworm/main/binary-$(dpkg --print-architecture)/Packages" 2>/dev/null &&
  apt-ftparchive -o APT::FTPArchive::Release::Codename=bookworm -o APT::FTPArchive::Release::Components=main \
    -o "APT::FTPArchive::Release::Architectures=$(dpkg --print-architecture)" release dists/bookworm >Release &&
  mv Release dists/bookworm/Release)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
process_start "$WORK/mirror.log" python3 -m http.server --bind 127.0.0.1 --directory "$mirror" "$port"
process_await "$PROCESS_PID" "$WORK/mirror.log" curl -sf -o /dev/null "http://127.0.0.1:$port/dists/bookworm/Release"
printf 'mirrors: ["http://127.0.0.1:%s"]\n' "$port" >>"$workspace/cullet.yaml"
packages=$(cut -f3 "$WORK/packages" | paste -sd,)

debstrap() {
  mmdebstrap --variant=extract --mode=root --include="$packages" bookworm "$1" \
    "deb [trusted=yes] http://127.0.0.1:$port bookworm main"
}
# Nothing is deleted in between: ext4 searches for inodes that were not freed in the last seconds.
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed environment environment_build "$WORK/environment-$run"
  timed debstrap debstrap "$WORK/debstrap-$run"
done
row "environment of $(wc -l <"$WORK/packages") packages" environment 'mmdebstrap --variant=extract' debstrap
# What unpacking cannot go below here: the decompressor alone, on as many processors.
unpack_alone() { cut -f2 "$WORK/packages" | (cd "$mirror" && xargs -P"$(nproc)" -I{} sh -c 'dpkg-deb --fsys-tarfile "$1" >/dev/null' sh {}); }
timed unpack unpack_alone
fact 'floor' "decompressing alone, on $(nproc) processors: $(median unpack) s"
chmod -R u+w "$WORK"/environment-* && rm -rf "$WORK"/environment-* "$WORK"/debstrap-* "$mirror"
