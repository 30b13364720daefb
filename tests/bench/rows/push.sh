# shellcheck shell=bash
# Pushing an image of more than 1 GiB to a docker-registry: time beside skopeo, most memory.

workspace=$WORK/push
workspace_new "$workspace"
rm -r "$workspace"/forks/* "$workspace"/recipes/*
git init -q -b main "$WORK/large"
echo large >"$WORK/large/README"
git -C "$WORK/large" add -A
git -C "$WORK/large" -c user.name=b -c user.email=b@example.com commit -qm bench
cat >"$workspace/forks/large.yaml" <<END_FORK
upstream: file://$WORK/large
url: file://$WORK/large
pin: { commit: $(git -C "$WORK/large" rev-parse HEAD), version: "1" }
END_FORK
cat >"$workspace/recipes/large.yaml" <<'END_RECIPE'
fork: large
environment: c
steps:
  - run: |
      mkdir -p "$OUT/data"
      for i in $(seq 8); do
        openssl enc -aes-128-ctr -pass "pass:$i" -nosalt -md sha256 -in /dev/zero 2>/dev/null | head -c 144M >"$OUT/data/$i"
      done
image: { contents: [large] }
END_RECIPE
(cd "$workspace" && "$CULLET" build large >/dev/null)
registry_start anonymous
for ((run = 0; run < BENCH_RUNS; run++)); do
  timed push /usr/bin/time -f '%M' -a -o "$WORK/push-memory" "$CULLET" -C "$workspace" push large "$REGISTRY/cullet/$run:1"
  timed skopeo skopeo copy -q --dest-tls-verify=false "oci:$workspace/.cullet/registry/large:1" "docker://$REGISTRY/skopeo/$run:1"
done
row 'push 1.1 GiB' push 'skopeo copy' skopeo
fact 'pushing: most memory' "$(($(sort -n "$WORK/push-memory" | tail -n 1) / 1024)) MiB"
registry_stop
