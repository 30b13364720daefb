#!/usr/bin/env bash
# kill -9 at 300 random moments of builds and pushes: the store is right, no tag points at something
# that isn't there, and the next run gives the same digest.
#   KILL_SEED, KILL_COUNT: another seed (it is printed), another count
set -euo pipefail
source "$(dirname "$0")/lib.sh"
seed=${KILL_SEED:-$((SRANDOM % 32768))} count=${KILL_COUNT:-300}
echo "seed $seed, $count kills"
RANDOM=$seed
e2e_begin
workspace_new
small_new app
registry_start

small_store "$FIXTURE_DIR/store" app
digest=$(digest_of app)
started=${EPOCHREALTIME/./}
in_workspace "$CULLET" build app --push "$REGISTRY/measured:1.0.0" >/dev/null 2>&1
span=$((${EPOCHREALTIME/./} - started))  # microseconds
same "$(digest_of app)" "$digest" 'the digest, from an empty store'

layout=$WORKSPACE/.cullet/registry/app
round=0 killed=0 layout_tags=0 registry_tags=0 repository=app0

# prepare: what round $round starts from. Everything is new in every fourth round: results, layout,
# repository; in the others a step has to run again.
prepare() {
  small_round app "$round"
  if ((round % 4 == 0)); then
    rm -rf "$CULLET_STORE"/{trees,actions,latest}/* "$WORKSPACE/.cullet"
    repository=app$round
  fi
}

# run: becomes what round $round kills: in every third one a push alone.
run() {
  cd "$WORKSPACE"
  if ((round % 3 == 0)); then
    exec "$CULLET" push "oci:$FIXTURE_DIR/source/app:1.0.0" "$REGISTRY/push$round:1.0.0"
  fi
  exec "$CULLET" build app --push "$REGISTRY/$repository:1.0.0"
} >/dev/null 2>&1

# tag_whole REPOSITORY: where the registry has the tag, everything that it points at is there, signed.
tag_whole() {
  local part
  registry_get_manifest "$1" 1.0.0 >"$FIXTURE_DIR/manifest" 2>/dev/null || return 0
  for part in $(jq -r '.config.digest, .layers[].digest' "$FIXTURE_DIR/manifest"); do
    "${REGISTRY_CURL[@]}" --fail --head --output /dev/null "$REGISTRY_URL/v2/$1/blobs/$part"
  done
  in_workspace "$CULLET" verify "$REGISTRY/$1:1.0.0" --key keys/release.pub >/dev/null
  registry_tags=$((registry_tags + 1))
}

cp -r "$WORKSPACE/.cullet/registry" "$FIXTURE_DIR/source"
while ((killed < count)); do
  round=$((round + 1))
  prepare
  run &
  pid=$!
  moment=$(((RANDOM << 15 | RANDOM) % span))
  sleep "$(printf '%d.%06d' $((moment / 1000000)) $((moment % 1000000)))"
  kill -KILL "$pid" 2>/dev/null || true
  status=0
  wait "$pid" 2>/dev/null || status=$?
  case $status in
    137) killed=$((killed + 1)) ;;
    0) ;;  # it was done before
    *) echo "FAILED: round $round ended with status $status"; exit 1 ;;
  esac
  in_workspace "$CULLET" store check >/dev/null || { echo "FAILED: round $round: the store"; exit 1; }
  layout_tags=$((layout_tags + $(layout_whole "$layout")))
  if ((round % 3 == 0)); then tag_whole "push$round"; else tag_whole "$repository"; fi
  if ((round % 10 == 0)); then
    in_workspace "$CULLET" build app --push "$REGISTRY/$repository:1.0.0" >/dev/null 2>&1
    [[ $(digest_of app) == "$digest" ]] || { echo "FAILED: round $round: another digest"; exit 1; }
    tag_whole "$repository"
  fi
done
same "$killed" "$count" 'so many were killed'
echo "after $round rounds, of $span µs at most; tags seen whole: $layout_tags in layouts, $registry_tags in the registry"
# Kills that all came too early would have shown nothing.
((layout_tags > 0 && registry_tags > 0))

in_workspace "$CULLET" build app --push "$REGISTRY/last:1.0.0" >/dev/null 2>&1
same "$(digest_of app)" "$digest" 'the last run gives the same digest'
same "$(registry_get_manifest last 1.0.0 | sha256sum | cut -d' ' -f1)" "${digest#sha256:}" 'and so in the registry'
same "$(find "$CULLET_STORE/tmp" -mindepth 1 -print -quit | wc -l)" 0 'nothing unfinished is left'
