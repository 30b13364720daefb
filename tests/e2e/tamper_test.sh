#!/usr/bin/env bash
# An image and what is said of it, tampered with in every place, in a registry and in an OCI layout: each
# is refused by the command that meets it, for the right reason, and nothing is left behind.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
for name in release attest other; do
  key_make "$FIXTURE_DIR/$name"
  cp "$FIXTURE_DIR/$name.key" "$WORKSPACE/keys/$name.pem"
  cp "$FIXTURE_DIR/$name.pem" "$WORKSPACE/keys/$name.pub"
done
cat >"$WORKSPACE/policy.yaml" <<'END'
signatures: { release: [keys/release.pub], attestations: [keys/attest.pub] }
builders: ["urn:cullet:builder:workstation"]
statements: [provenance, sbom]
END
in_workspace "$CULLET" build greeting >/dev/null
sed -i 's/^image:/&\n  files: [{ path: \/etc\/motd, text: "hi\\n" }]/' "$WORKSPACE/recipes/greeting.yaml"
sed 's/  contents: \[greeting\]/&/' "$WORKSPACE/recipes/greeting.yaml" >"$WORKSPACE/recipes/second.yaml"
in_workspace "$CULLET" build second >/dev/null
git -C "$WORKSPACE" init --quiet
home=$WORKSPACE/.cullet/registry/greeting
digest=$(digest_of greeting)
second=$(digest_of second)
# Another registry to push to: within one, blobs are mounted, and nobody reads them.
registry_start
OTHER=$REGISTRY
registry_start

# --- two places, one way to change either ---
places=0
# blob_file DIGEST: the file that holds a blob or a manifest of the current place.
blob_file() {
  local hex=${1#sha256:}
  case $PLACE in
    layout) echo "$LAYOUT/blobs/sha256/$hex" ;;
    registry) echo "$REGISTRY_DIR/storage/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data" ;;
  esac
}
# fresh RECIPE: NAME becomes a place of its own with that image and all that is said of it; REF is its name.
fresh() {
  NAME=place$((++places))
  case $PLACE in
    layout)
      LAYOUT=$FIXTURE_DIR/$NAME
      cp -r "$WORKSPACE/.cullet/registry/$1" "$LAYOUT"
      # Blobs are links into the store, which is not to be tampered with.
      find "$LAYOUT/blobs" -type f -exec sh -c 'cp "$1" "$1.new" && chmod u+w "$1.new" && mv "$1.new" "$1"' sh {} \;
      REF=oci:$LAYOUT:1.0.0
      ;;
    registry)
      in_workspace "$CULLET" push "$1" "$REGISTRY/$NAME:1.0.0" >/dev/null
      REF=$REGISTRY/$NAME:1.0.0
      ;;
  esac
}
# put_blob FILE / put_manifest FILE [TAG] / put_referrer FILE SUBJECT: adds it; the first two print the digest.
put_blob() {
  local hex
  hex=$(sha256sum <"$1" | cut -d' ' -f1)
  case $PLACE in
    layout) cp "$1" "$LAYOUT/blobs/sha256/$hex" && echo "sha256:$hex" ;;
    registry) registry_put_blob "$NAME" "$1" ;;
  esac
}
put_manifest() {
  if [[ $PLACE == registry ]]; then
    registry_put_manifest "$NAME" "$1" "${2:-}"
    return
  fi
  local put
  put=$(put_blob "$1")
  [[ -z ${2:-} ]] || layout_list "$1" '{annotations: {"org.opencontainers.image.ref.name": $tag}}' "$2"
  echo "$put"
}
put_referrer() {
  case $PLACE in
    layout)
      put_blob "$1" >/dev/null
      layout_list "$1" '{artifactType: $manifest[0].artifactType, annotations: $manifest[0].annotations}'
      ;;
    registry)
      registry_put_manifest "$NAME" "$1" >/dev/null
      fallback_append "$NAME" "$2" "$1"
      ;;
  esac
}
# layout_list FILE EXTRA [TAG]: lists a manifest in index.json, instead of what has the tag.
layout_list() {
  jq --argjson new "$(_descriptor_of "$1" application/vnd.oci.image.manifest.v1+json)" --arg tag "${3:-}" \
    --slurpfile manifest "$1" ".manifests |= map(select((.annotations[\"org.opencontainers.image.ref.name\"] // \"-\") != \$tag))
      + [\$new + $2]" "$LAYOUT/index.json" >"$FIXTURE_DIR/index.new"
  mv "$FIXTURE_DIR/index.new" "$LAYOUT/index.json"
}
manifest_file() { blob_file "$1"; }
# carrier_of TYPE SUBJECT: the digest of what carries the statement of that type.
carrier_of() {
  case $PLACE in
    layout) cat "$LAYOUT/index.json" ;;
    registry) registry_get_manifest "$NAME" "${2/:/-}" ;;
  esac | jq -r --arg type "$1" '.manifests[] | select(.annotations["in-toto.io/predicate-type"] == $type) | .digest' | head -n 1
}
# drop TYPE SUBJECT: takes away what carries statements of that type.
drop() {
  local filter='.manifests |= map(select(.annotations["in-toto.io/predicate-type"] != $type))'
  case $PLACE in
    layout) jq --arg type "$1" "$filter" "$LAYOUT/index.json" >"$FIXTURE_DIR/i" && mv "$FIXTURE_DIR/i" "$LAYOUT/index.json" ;;
    registry)
      registry_get_manifest "$NAME" "${2/:/-}" | jq -c --arg type "$1" "$filter" | tr -d '\n' >"$FIXTURE_DIR/i"
      registry_put_manifest "$NAME" "$FIXTURE_DIR/i" "${2/:/-}" >/dev/null
      ;;
  esac
}
# carry BUNDLE_FILE TYPE [FILTER]: a carrier of these bytes about $digest, listed among its referrers; a jq
# filter may change the carrier.
carry() {
  put_blob "$1" >/dev/null
  printf '{}' >"$FIXTURE_DIR/empty"
  put_blob "$FIXTURE_DIR/empty" >/dev/null
  jq --null-input --compact-output --arg type "$2" --argjson layer "$(_descriptor_of "$1" application/vnd.dev.sigstore.bundle.v0.3+json)" \
    --argjson config "$(_descriptor_of "$FIXTURE_DIR/empty" application/vnd.oci.empty.v1+json)" \
    --argjson subject "$(_descriptor_of "$(manifest_file "$digest")" application/vnd.oci.image.manifest.v1+json)" '{
      schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json", config: $config, layers: [$layer], subject: $subject,
      annotations: {"dev.sigstore.bundle.predicateType": $type, "in-toto.io/predicate-type": $type}}' |
    jq -c "${3:-.}" | tr -d '\n' >"$FIXTURE_DIR/carrier"
  put_referrer "$FIXTURE_DIR/carrier" "$digest"
}
# say KEY SUBJECT TYPE PREDICATE_FILE: FIXTURE_DIR/bundle becomes that statement.
say() {
  bundle_statement "$2" "$3" "$(<"$4")" >"$FIXTURE_DIR/statement"
  bundle_of "$FIXTURE_DIR/$1.key" "$FIXTURE_DIR/statement" >"$FIXTURE_DIR/bundle"
}
flip() { # flip FILE AT: one bit of the byte there
  "$PYTHON" - "$1" "$2" <<'END'
import sys
path, at = sys.argv[1], int(sys.argv[2])
data = bytearray(open(path, "rb").read())
data[at] ^= 1
open(path, "wb").write(data)
END
}

provenance_type=https://slsa.dev/provenance/v1 spdx_type=https://spdx.dev/Document
in_workspace "$CULLET" attestations greeting --type provenance >"$FIXTURE_DIR/provenance"
in_workspace "$CULLET" attestations greeting --type spdx >"$FIXTURE_DIR/spdx"
image=$home/blobs/sha256/${digest#sha256:}
config=$(jq -r .config.digest "$image")
layer=$(jq -r '.layers[0].digest' "$image")
second_layer=$(jq -r '.layers[-1].digest' "$WORKSPACE/.cullet/registry/second/blobs/sha256/${second#sha256:}")
# state: what could be left behind.
state() { find "$WORKSPACE" "$CULLET_STORE/tmp" -not -path '*/.git*' | LC_ALL=C sort; }
state >"$FIXTURE_DIR/before"

for PLACE in registry layout; do
  echo "--- $PLACE: bytes that are not those of their digest ---"
  for what in layer config manifest; do
    fresh greeting
    target=${!what:-$digest}
    [[ $what != manifest ]] || target=$digest
    file=$(blob_file "$target")
    at=$(($(stat -c %s "$file") / 2))
    flip "$file" "$at"
    text="$what $target"
    # Only what reads a blob can see that; the registry says what a tag is by another way than a blob.
    [[ $what != manifest ]] || text="$digest"
    expect 3 "$text" "$CULLET" verify "$REF" --key keys/release.pub
    if [[ $what == manifest ]]; then
      expect 3 "$digest" "$CULLET" verify "$REF" --policy policy.yaml
    else
      expect 3 "content: $what $target" "$CULLET" verify "$REF" --policy policy.yaml
    fi
    # A store that made the layer reads the tree that it was made from.
    rm -rf "$FIXTURE_DIR/stranger"
    [[ $what == config ]] || expect 3 "$target" "$CULLET" --store "$FIXTURE_DIR/stranger" cat "$REF" /bin/hello
    expect 3 "$target" "$CULLET" push "$REF" "$OTHER/refused/$PLACE-$what:1"
    expect 3 "$target" "$CULLET" push "$REF" "oci:$FIXTURE_DIR/refused-$PLACE-$what:1"
    [[ $("${REGISTRY_CURL[@]}" --output /dev/null --write-out '%{http_code}' "http://$OTHER/v2/refused/$PLACE-$what/manifests/1") == 404 ]]
    same "$(layout_whole "$FIXTURE_DIR/refused-$PLACE-$what")" 0 'no tag is left where it was to go'
    flip "$file" "$at"
    expect 0 '' "$CULLET" verify "$REF" --policy policy.yaml
  done
  fresh greeting
  carrier=$(carrier_of $provenance_type "$digest")
  bundle=$(jq -r '.layers[0].digest' "$(manifest_file "$carrier")")
  file=$(blob_file "$bundle")
  flip "$file" 100
  expect 3 "$bundle" "$CULLET" attestations "$REF" --type provenance
  expect 3 'statement provenance: no provenance counts' "$CULLET" verify "$REF" --policy policy.yaml
  expect 3 "$bundle" "$CULLET" push "$REF" "$OTHER/refused/$PLACE-bundle:1"
  flip "$file" 100

  echo "--- $PLACE: an image put together anew, with the signatures of the old one ---"
  jq -c '.config.User = "0:0"' "$home/blobs/sha256/${config#sha256:}" | tr -d '\n' >"$FIXTURE_DIR/config"
  for what in config annotation layer; do
    fresh second
    case $what in
      config)
        put_blob "$FIXTURE_DIR/config" >/dev/null
        jq -c --argjson config "$(_descriptor_of "$FIXTURE_DIR/config" application/vnd.oci.image.config.v1+json)" '.config = $config' "$image"
        ;;
      annotation) jq -c '.annotations["org.opencontainers.image.version"] = "9.9"' "$image" ;;
      layer) jq -c --arg layer "$second_layer" --slurpfile other "$(manifest_file "$second")" \
        '.layers = [$other[0].layers[] | select(.digest == $layer)]' "$image" ;;
    esac | tr -d '\n' >"$FIXTURE_DIR/tampered"
    for blob in "$config" "$layer"; do put_blob "$home/blobs/sha256/${blob#sha256:}" >/dev/null; done
    tampered=$(put_manifest "$FIXTURE_DIR/tampered" 1.0.0)
    expect 3 "$tampered is not signed" "$CULLET" verify "$REF" --key keys/release.pub
    # The old one's signatures, as if they were this one's.
    for tag in .sig ''; do
      case $PLACE in
        registry) in_workspace "$CULLET" push greeting "$REGISTRY/$NAME:other" >/dev/null
          registry_get_manifest "$NAME" "${digest/:/-}$tag" >"$FIXTURE_DIR/moved"
          registry_put_manifest "$NAME" "$FIXTURE_DIR/moved" "${tampered/:/-}$tag" >/dev/null ;;
        layout) cp -n "$home"/blobs/sha256/* "$LAYOUT/blobs/sha256/"
          jq --arg old "${digest/:/-}.sig" --arg new "${tampered/:/-}.sig" --slurpfile from "$home/index.json" \
            '.manifests += [$from[0].manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $old)
              | .annotations["org.opencontainers.image.ref.name"] = $new]
              + [$from[0].manifests[] | select(.artifactType)]' "$LAYOUT/index.json" >"$FIXTURE_DIR/i"
          mv "$FIXTURE_DIR/i" "$LAYOUT/index.json" ;;
      esac
    done
    expect 3 'it is for another image' "$CULLET" verify "$REF" --key keys/release.pub
    expect 3 'signature: no signature is by a key of this policy: it is for another image' "$CULLET" verify "$REF" --policy policy.yaml
    expect 3 '' "$CULLET" explain "$REF" --all
    grep -qE 'it is about another image|has no statement' "$FIXTURE_DIR/err"
    # With another key it is signed well, which is worth nothing.
    in_workspace "$CULLET" sign "$REF" --key keys/other.pem >/dev/null
    expect 3 'it was made with another key, or its content was changed' "$CULLET" verify "$REF" --key keys/release.pub
    [[ $what != layer ]] || expect 3 'the config says' "$CULLET" verify "$REF" --key keys/other.pub
  done

  echo "--- $PLACE: what is said of it ---"
  # refused WHY [FILTER]: the provenance is this bundle instead, its carrier changed by a jq filter; every
  # command that reads it says why it doesn't count.
  refused() {
    drop $provenance_type "$digest"
    carry "$FIXTURE_DIR/bundle" $provenance_type "${2:-.}"
    expect 3 "$1" "$CULLET" attestations "$REF" --type provenance
    expect 3 "builder: no provenance counts: $1" "$CULLET" verify "$REF" --policy policy.yaml
  }
  fresh greeting
  PLACE_SECOND=$WORKSPACE/.cullet/registry/second
  say attest "$second" $provenance_type "$FIXTURE_DIR/provenance"
  refused 'it is about another image'
  swapped=$(jq -r --arg type $provenance_type '.manifests[] | select(.annotations["in-toto.io/predicate-type"] == $type) | .digest' "$PLACE_SECOND/index.json" | head -n 1)
  cp "$PLACE_SECOND/blobs/sha256/$(jq -r '.layers[0].digest | ltrimstr("sha256:")' "$PLACE_SECOND/blobs/sha256/${swapped#sha256:}")" "$FIXTURE_DIR/bundle"
  refused 'it is about another image'
  for key in other release; do
    say $key "$digest" $provenance_type "$FIXTURE_DIR/provenance"
    refused 'it was made with another key, or its content was changed'
  done
  expect 3 'it was made with another key' "$CULLET" explain "$REF" --all
  expect 0 '' "$CULLET" verify "$REF" --key keys/release.pub
  say attest "$digest" $provenance_type "$FIXTURE_DIR/provenance"
  cp "$FIXTURE_DIR/bundle" "$FIXTURE_DIR/good"
  # change FILTER: the good bundle, changed.
  change() { jq -c "$1" "$FIXTURE_DIR/good" | tr -d '\n' >"$FIXTURE_DIR/bundle"; }
  change '.dsseEnvelope.payload |= (@base64d | sub("workstation"; "other") | @base64)'
  refused 'it was made with another key, or its content was changed'
  echo 'no json' >"$FIXTURE_DIR/bundle"
  refused 'the bundle'
  change 'del(.dsseEnvelope)'
  refused "the bundle: 'dsseEnvelope' is missing"
  change '.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2"'
  refused "the bundle: 'mediaType' is not application/vnd.dev.sigstore.bundle.v0.3+json"
  change '.dsseEnvelope.payloadType = "text/plain"'
  refused "the bundle: 'payloadType' is not"
  change '.dsseEnvelope.signatures += .dsseEnvelope.signatures'
  refused "the bundle: 'signatures' must hold exactly one object"
  change '.dsseEnvelope.payload = "%%"'
  refused "the bundle: 'payload' is not base64"
  "$PYTHON" -c 'print("[" * 100000 + "]" * 100000, end="")' >"$FIXTURE_DIR/bundle"
  refused 'the bundle'
  head -c 40000000 /dev/zero | tr '\0' ' ' >"$FIXTURE_DIR/bundle"
  refused 'it is larger than 32.0 MiB'
  cp "$FIXTURE_DIR/good" "$FIXTURE_DIR/bundle"
  refused 'the carrier does not hold exactly one bundle' '.layers += .layers'
  refused 'it is no sigstore bundle v0.3' '.artifactType = "application/vnd.example+json"'
  # A size that is not the blob's: a registry says so before it sends the bytes.
  blob=$(jq -r '.layers[0].digest' "$FIXTURE_DIR/carrier")
  declare -A other_size=([registry]="blob $blob has $(stat -c %s "$FIXTURE_DIR/bundle") bytes in" [layout]="content promised as $blob")
  refused "${other_size[$PLACE]}" '.layers[0].size = 10'
  refused "${other_size[$PLACE]}" '.layers[0].size = 1000000'
  # The same bytes, as they were, hold.
  cp "$FIXTURE_DIR/good" "$FIXTURE_DIR/bundle"
  drop $provenance_type "$digest"
  carry "$FIXTURE_DIR/bundle" $provenance_type
  expect 0 '' "$CULLET" verify "$REF" --policy policy.yaml

  # Predicates that are no provenance, by the right key.
  for filter in '{}' 'del(.buildDefinition.resolvedDependencies)' '.buildDefinition.resolvedDependencies = [7]' 'del(.runDetails)'; do
    jq -c "$filter" "$FIXTURE_DIR/provenance" >"$FIXTURE_DIR/predicate"
    say attest "$digest" $provenance_type "$FIXTURE_DIR/predicate"
    drop $provenance_type "$digest"
    carry "$FIXTURE_DIR/bundle" $provenance_type
    expect 3 'builder: the provenance' "$CULLET" verify "$REF" --policy policy.yaml
    [[ $filter == 'del(.runDetails)' ]] || expect 1 'the provenance' "$CULLET" explain "$REF" --all
  done
  # One of its inputs is missing: no fork, no explanation.
  jq -c 'del(.buildDefinition.resolvedDependencies[] | select(.name == "fork greeting"))' "$FIXTURE_DIR/provenance" >"$FIXTURE_DIR/predicate"
  say attest "$digest" $provenance_type "$FIXTURE_DIR/predicate"
  drop $provenance_type "$digest"
  carry "$FIXTURE_DIR/bundle" $provenance_type
  expect 3 '/bin/hello: the provenance does not name the commit that greeting was built from' "$CULLET" explain "$REF" --all
  # An SBOM that names another file.
  fresh greeting
  drop $spdx_type "$digest"
  jq -c '.files |= map(.fileName = "./bin/other")' "$FIXTURE_DIR/spdx" >"$FIXTURE_DIR/predicate"
  say attest "$digest" $spdx_type "$FIXTURE_DIR/predicate"
  carry "$FIXTURE_DIR/bundle" $spdx_type
  expect 3 '/bin/hello: the SBOM does not name it' "$CULLET" explain "$REF" --all
  expect 0 '' "$CULLET" verify "$REF" --policy policy.yaml

  # A statement of a type that nobody knows stands beside the others, listed, and harms nothing.
  fresh greeting
  echo '{"free":"form"}' >"$FIXTURE_DIR/predicate"
  say attest "$digest" https://example.com/unknown/v1 "$FIXTURE_DIR/predicate"
  carry "$FIXTURE_DIR/bundle" https://example.com/unknown/v1
  in_workspace "$CULLET" attestations "$REF" | grep '^verified .*https://example.com/unknown/v1' >/dev/null
  expect 0 '' "$CULLET" explain "$REF" --all
  expect 0 '' "$CULLET" verify "$REF" --policy policy.yaml
  # Its label says provenance: what it is, the signature says.
  fresh greeting
  drop $provenance_type "$digest"
  carry "$FIXTURE_DIR/bundle" $provenance_type
  expect 3 'there is no provenance by a key of this policy' "$CULLET" verify "$REF" --policy policy.yaml

  # What is no signature under the name of one hides no other.
  fresh greeting
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' >"$FIXTURE_DIR/none"
  case $PLACE in
    registry) registry_put_manifest "$NAME" "$FIXTURE_DIR/none" "${digest/:/-}.sig" >/dev/null ;;
    layout) put_manifest "$FIXTURE_DIR/none" "${digest/:/-}.sig" >/dev/null ;;
  esac
  expect 0 '' "$CULLET" verify "$REF" --key keys/release.pub

done

# --- a crowd of what is no statement hides none: it is listed, and not read ---
fresh greeting
size=$(stat -c %s "$(manifest_file "$digest")")
for ((index = 0; index < 205; index++)); do
  printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"application/vnd.example","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"subject":{"mediaType":"%s","digest":"%s","size":%d},"annotations":{"index":"%d"}}' \
    application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.manifest.v1+json "$digest" "$size" "$index" >"$FIXTURE_DIR/one"
  printf '%s %s\n' "$(put_blob "$FIXTURE_DIR/one")" "$(stat -c %s "$FIXTURE_DIR/one")"
done >"$FIXTURE_DIR/many"
jq --rawfile many "$FIXTURE_DIR/many" '.manifests += [$many | split("\n")[] | select(. != "") | split(" ") |
  {mediaType: "application/vnd.oci.image.manifest.v1+json", digest: .[0], size: (.[1] | tonumber), artifactType: "application/vnd.example"}]' \
  "$LAYOUT/index.json" >"$FIXTURE_DIR/i"
cp "$FIXTURE_DIR/i" "$LAYOUT/index.json"
expect 0 '' "$CULLET" attestations "$REF"
same "$(grep -c 'it is no sigstore bundle' "$FIXTURE_DIR/out")" 205 'the crowd is listed'
grep -q '^verified ' "$FIXTURE_DIR/out"
expect 0 '' "$CULLET" verify "$REF" --policy policy.yaml
diff "$FIXTURE_DIR/before" <(state)
echo 'ok: nothing is left behind'
