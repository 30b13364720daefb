#!/usr/bin/env bash
# Images in a real registry, read by real clients: docker-registry in all its guises, podman, skopeo
# and umoci.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
in_workspace "$CULLET" build greeting >/dev/null
digest=$(digest_of greeting)
containers_begin

# docker_login: credentials for $REGISTRY where docker login would put them.
docker_login() {
  mkdir -p "$HOME/.docker"
  jq --null-input --arg host "$REGISTRY" --arg auth "$(printf '%s:%s' "$REGISTRY_USER" "$REGISTRY_PASSWORD" | base64 --wrap=0)" \
    '{auths: {($host): {auth: $auth}}}' >"$HOME/.docker/config.json"
}

# certificates_place: certificates for $REGISTRY where docker and podman look for them.
certificates_place() {
  local directory=$HOME/.config/containers/certs.d/$REGISTRY token
  mkdir -p "$directory"
  cp "$REGISTRY_CA" "$directory/ca.crt"
  [[ $features != *token ]] || {
    token=${TOKEN_SERVER_REALM#*://}
    mkdir -p "$HOME/.config/containers/certs.d/${token%%/*}"
    cp "$REGISTRY_CA" "$HOME/.config/containers/certs.d/${token%%/*}/ca.crt"
  }
  [[ -z $REGISTRY_KEY ]] || {
    cp "$REGISTRY_CERTIFICATE" "$directory/client.cert"
    cp "$REGISTRY_KEY" "$directory/client.key"
  }
}

for features in anonymous basic token tls 'tls basic' 'tls token' mtls; do
  # shellcheck disable=SC2086 # features are words
  registry_start $features
  rm -rf "$HOME/.docker" "$HOME/.config"
  if [[ -n $REGISTRY_USER ]]; then
    expect 4 "$REGISTRY" "$CULLET" push greeting "$REGISTRY/prod/greeting:1.0.0"
    docker_login
  fi
  if [[ -n $REGISTRY_CA ]]; then
    expect 4 "$REGISTRY" "$CULLET" push greeting "$REGISTRY/prod/greeting:1.0.0"
    certificates_place
  fi
  in_workspace "$CULLET" push greeting "$REGISTRY/prod/greeting:1.0.0"
  bearer=()
  [[ $features != *token ]] ||
    bearer=(--header "Authorization: Bearer $(registry_token repository:prod/greeting:pull)")
  same "$("${REGISTRY_CURL[@]}" --fail --head --output /dev/null --write-out '%header{docker-content-digest}' \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json' "${bearer[@]}" \
    "$REGISTRY_URL/v2/prod/greeting/manifests/1.0.0")" "$digest" "$features: the registry has that digest"
  in_workspace "$CULLET" verify "$REGISTRY/prod/greeting:1.0.0" --key keys/release.pub
  # Back into a layout, signatures and all.
  back=$(fixture_subdirectory back)
  in_workspace "$CULLET" push "$REGISTRY/prod/greeting:1.0.0" "oci:$back/greeting:1.0.0" >/dev/null
  in_workspace "$CULLET" verify "oci:$back/greeting:1.0.0" --key keys/release.pub >/dev/null
  registry_stop
done

# --- built and pushed in one go; pulled and run by podman; the signature names the reference ---
registry_start
in_workspace "$CULLET" build greeting --push "$REGISTRY/prod/greeting:1.0.0" >/dev/null
reference=$REGISTRY/prod/greeting:1.0.0
podman_do pull --quiet --tls-verify=false "$reference" >/dev/null
same "$(podman_run "$reference")" 'hello from greeting' 'podman pulls and runs it'
same "$(skopeo_do inspect --tls-verify=false "docker://$reference" | jq -r .Digest)" "$digest" \
  'skopeo sees that digest'
bundle=$(fixture_subdirectory bundle)
umoci_unpack "$WORKSPACE/.cullet/registry/greeting" 1.0.0 "$bundle/unpacked"
same "$("$bundle/unpacked/rootfs/bin/hello")" 'hello from greeting' 'umoci unpacks it'

# --- a second push sends nothing ---
in_workspace "$CULLET" push greeting "$reference" >/dev/null  # adds the signatures that name the layout
in_workspace "$CULLET" push greeting "$reference" --json >"$FIXTURE_DIR/again.json"
same "$(jq .bytes_sent "$FIXTURE_DIR/again.json")" 0 'a second push sends no blob'

# --- a place that has lost a blob gets it back ---
layer=$(skopeo_do inspect --raw --tls-verify=false "docker://$reference" | jq -r '.layers[0].digest' | cut -d: -f2)
find "$REGISTRY_DIR/storage" -type d -name "$layer" -prune -exec rm -r {} +
expect 3 'is not in' "$CULLET" verify "$reference" --key keys/release.pub
grep -q -e '--force' "$FIXTURE_DIR/err"
in_workspace "$CULLET" push greeting "$reference" --force >/dev/null
in_workspace "$CULLET" verify "$reference" --key keys/release.pub >/dev/null
find "$REGISTRY_DIR/storage" -type d -name "$layer" -prune -exec rm -r {} +
in_workspace "$CULLET" build greeting --push "$reference" --force >/dev/null
in_workspace "$CULLET" verify "$reference" --key keys/release.pub >/dev/null
blob=$WORKSPACE/.cullet/registry/greeting/blobs/sha256/$layer
for damage in '' short; do
  rm -f "$blob" && if [[ -n $damage ]]; then echo "$damage" >"$blob"; fi
  in_workspace "$CULLET" build greeting >/dev/null
  in_workspace "$CULLET" verify greeting >/dev/null
done
echo 'ok: lost blobs come back'

# --- gzip ---
sed -i 's/^image:/image:\n  compression: gzip/' "$WORKSPACE/recipes/greeting.yaml"
in_workspace "$CULLET" build greeting --push "$REGISTRY/prod/greeting:gzip" >/dev/null
same "$(skopeo_do inspect --raw --tls-verify=false "docker://$REGISTRY/prod/greeting:gzip" |
  jq -r '.layers[0].mediaType')" application/vnd.oci.image.layer.v1.tar+gzip 'gzip can be chosen'
same "$(skopeo_do inspect --config "oci:$WORKSPACE/.cullet/registry/greeting:1.0.0" | jq -c .rootfs)" \
  "$(skopeo_do inspect --config --tls-verify=false "docker://$reference" | jq -c .rootfs)" \
  'diffIDs do not depend on the compressor'

# --- a tampered image is refused ---
find "$REGISTRY_DIR/storage/docker/registry/v2/blobs" -name data -size +100k |
  while read -r blob; do printf 'X' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none; done
expect 3 'is not what its manifest says' "$CULLET" verify "$reference" --key keys/release.pub
expect 3 '' "$CULLET" verify "$reference" --key keys/release.pub --json
same "$(jq -r '"\(.verified) \(.digest) \(.reason | contains("is not what its manifest says")) \(.details | length > 0)"' "$FIXTURE_DIR/out")" \
  "false $digest true true" 'and the record says so'
