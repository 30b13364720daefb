# shellcheck shell=bash
# A build with nothing to do, of an image of more than 1 GiB, beside buildah with all layers cached.

workspace=$WORK/nothing
workspace_new "$workspace"
rm -r "$workspace"/forks/* "$workspace"/recipes/*
git init -q -b main "$WORK/repository"
echo 'a fork' >"$WORK/repository/README"
git -C "$WORK/repository" add -A
git -C "$WORK/repository" -c user.name=b -c user.email=b@example.com commit -qm bench
cat >"$workspace/forks/big.yaml" <<END_FORK
upstream: file://$WORK/repository
url: file://$WORK/repository
pin: { commit: $(git -C "$WORK/repository" rev-parse HEAD), version: "1" }
END_FORK
# Bytes that don't compress, so that the image is as large as its files.
cat >"$workspace/recipes/big.yaml" <<'END_RECIPE'
fork: big
environment: c
steps:
  - run: |
      mkdir -p "$OUT/data"
      for i in $(seq 16); do
        openssl enc -aes-128-ctr -pass "pass:$i" -nosalt -md sha256 -in /dev/zero 2>/dev/null | head -c 72M >"$OUT/data/$i"
      done
image: { contents: [big] }
END_RECIPE
nothing() { (cd "$workspace" && "$CULLET" build big); }
nothing >/dev/null

mkdir "$WORK/context"
cp -r "$(component_tree "$workspace" big)/data" "$WORK/context/data"
printf 'FROM scratch\nCOPY data /data\n' >"$WORK/context/Containerfile"
cached() { buildah_do bud -q --layers -t big "$WORK/context"; }
cached >/dev/null
for ((run = 0; run < BENCH_RUNS; run++)); do
  for ((again = 0; again < 10; again++)); do timed nothing nothing; done
  timed cached cached
done
row 'nothing to do, image > 1 GiB' nothing 'buildah bud --layers, all cached' cached
rm -rf "$WORK/context"
