# shellcheck shell=bash
# One line changed in zlib → nginx rebuilt, tested, signed and pushed to a docker-registry, beside
# the same compile steps alone in bubblewrap; and what such a push costs the registry.

# shellcheck source=../alone.sh
source "$BENCH_ROOT/tests/bench/alone.sh"
workspace=$WORK/change
workspace_new "$workspace"
registry_start anonymous
change_build() { (cd "$workspace" && "$CULLET" build nginx --push "$REGISTRY/bench/nginx:latest"); }
printf 'building nginx\n' >&2
change_build >/dev/null
alone_begin "$workspace"

# change_zlib TEXT: the patch of one line, as somebody writes it by hand.
change_zlib() {
  zlib_changed "$1"
  mkdir -p "$workspace/forks/zlib"
  cp "$WORK/zlib/change.patch" "$workspace/forks/zlib/change.patch"
  cp "$BENCH_ROOT/forks/zlib.yaml" "$workspace/forks/zlib.yaml"
  cat >>"$workspace/forks/zlib.yaml" <<'END_PATCH'
patches:
  - { file: zlib/change.patch, reason: a changed line, added: 2026-01-01 }
END_PATCH
}
for ((run = 0; run < BENCH_RUNS; run++)); do
  change_zlib "change $run"
  timed change change_build
  alone_prepare
  timed alone alone
done
row 'a line of zlib → nginx pushed' change 'the same steps in bwrap' alone

again=("$CULLET" -C "$workspace" push nginx "$REGISTRY/bench/again:latest")
"${again[@]}" >/dev/null
fact 'pushing what is there already' "$(requests "${again[@]}") requests"
before=$(du -sb "$REGISTRY_DIR/storage" | cut -f1)
change_zlib "change sizes"
change_build >/dev/null
after=$(du -sb "$REGISTRY_DIR/storage" | cut -f1)
layer=$(cd "$workspace" && "$CULLET" plan nginx --all --json | jq -r '.actions[] | select(.action == "layer" and (.subject | test("zlib"))) | .key' | cut -d: -f2)
fact 'registry grows by a changed line' "$((after - before)) bytes; zlib's layer is $(record "$layer" | jq -r .value.blob.size) bytes"
registry_stop
alone_end
