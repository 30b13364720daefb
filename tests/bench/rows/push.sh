# shellcheck shell=bash
# Pushing an image of more than 1 GiB to a docker-registry: time beside skopeo, most memory.

{ random_files 8 144M && echo 'image: { contents: [large] }'; } | workspace_single large
workspace=$WORK/large
(cd "$workspace" && "$CULLET" build large >/dev/null)
for ((run = 0; run < BENCH_RUNS; run++)); do
  registry_start anonymous # a new one: skopeo remembers which blobs a registry has
  timed push /usr/bin/time -f '%M' -a -o "$WORK/push-memory" "$CULLET" -C "$workspace" push large "$REGISTRY/cullet/$run:1"
  timed skopeo skopeo copy -q --dest-tls-verify=false "oci:$workspace/.cullet/registry/large:1" "docker://$REGISTRY/skopeo/$run:1"
  registry_stop
done
row 'push 1.1 GiB' push 'skopeo copy' skopeo
fact 'pushing: most memory' "$(($(sort -n "$WORK/push-memory" | tail -n 1) / 1024)) MiB"
