# shellcheck shell=bash
# A build with nothing to do, of an image of more than 1 GiB, beside buildah with all layers cached.

{ random_files 16 72M && echo 'image: { contents: [big] }'; } | workspace_single big
workspace=$WORK/big
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
