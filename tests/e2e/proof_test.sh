#!/usr/bin/env bash
# What a build says of its image: provenance and SBOM, attached once, verified, and refused where
# something was changed.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting

# statement TYPE: prints the statement of that type about the image in the layout of $1.
statement() {
  local layout=$1 type=$2 carrier bundle
  for carrier in $(jq -r '.manifests[].digest' "$layout/index.json"); do
    carrier=$layout/blobs/sha256/${carrier#sha256:}
    [[ $(jq -r '.annotations["in-toto.io/predicate-type"]' "$carrier") == "$type" ]] || continue
    bundle=$(jq -r '.layers[0].digest' "$carrier")
    jq -r .dsseEnvelope.payload "$layout/blobs/sha256/${bundle#sha256:}" | base64 --decode
    return
  done
  return 1
}
statements() { jq '[.manifests[] | select(.artifactType)] | length' "$WORKSPACE/.cullet/registry/greeting/index.json"; }

patch_new greeting
cat >>"$WORKSPACE/forks/greeting.yaml" <<'END'
patches:
  - { file: greeting/fix.patch, fixes: [CVE-2024-0001], reason: the greeting is wrong, added: 2024-06-01 }
END
sed -i 's|^registry:.*|&\nbuilder: https://ci.example.com/images|' "$WORKSPACE/cullet.yaml"
in_workspace "$CULLET" build greeting >/dev/null
digest=$(digest_of greeting)
layout=$WORKSPACE/.cullet/registry/greeting
statement "$layout" https://slsa.dev/provenance/v1 >"$FIXTURE_DIR/provenance.json"
statement "$layout" https://spdx.dev/Document >"$FIXTURE_DIR/sbom.json"
for file in provenance sbom; do
  same "sha256:$(jq -r '.subject[0].digest.sha256' "$FIXTURE_DIR/$file.json")" "$digest" "$file is about the image"
done

# --- provenance: each input by digest, held against the inputs themselves ---
dependency() { jq -r --arg name "$1" \
  ".predicate.buildDefinition.resolvedDependencies[] | select(.name == \$name) | $2" "$FIXTURE_DIR/provenance.json"; }
same "$(dependency 'fork greeting' .digest.gitCommit)" "$(git_do rev-parse HEAD)" 'the fork is there by commit'
for file in cullet.yaml cullet.lock forks/greeting.yaml recipes/greeting.yaml forks/greeting/fix.patch; do
  same "$(dependency "$file" .digest.sha256)" "$(sha256sum <"$WORKSPACE/$file" | cut -d' ' -f1)" "$file is there by digest"
done
same "$(dependency greeting/fix.patch '.annotations.fixes[0]')" CVE-2024-0001 'a patch says what it fixes'
same "$(dependency gcc .digest.sha256)" \
  "$(grep -o '"gcc=[^}]*}' "$WORKSPACE/cullet.lock" | grep -o '"sha256": *"[^"]*' | grep -oE '[0-9a-f]{64}')" \
  'a package is there as the lock has it'
same "$(jq -r .predicate.runDetails.builder.id "$FIXTURE_DIR/provenance.json")" https://ci.example.com/images 'builder.id is configured'

# --- the SBOM: the file belongs to its component, and is what it says ---
in_workspace "$CULLET" cat greeting /bin/hello >"$FIXTURE_DIR/hello"
file=$(jq -r '.predicate.files[] | select(.fileName == "./bin/hello")' "$FIXTURE_DIR/sbom.json")
same "$(jq -r '.checksums[] | select(.algorithm == "SHA256") | .checksumValue' <<<"$file")" \
  "$(sha256sum <"$FIXTURE_DIR/hello" | cut -d' ' -f1)" 'the SBOM has the file by SHA-256'
same "$(jq -r '.checksums[] | select(.algorithm == "SHA1") | .checksumValue' <<<"$file")" \
  "$(sha1sum <"$FIXTURE_DIR/hello" | cut -d' ' -f1)" 'and by SHA-1'
same "$(jq -r --arg id "$(jq -r .SPDXID <<<"$file")" '.predicate as $p | $p.relationships[]
  | select(.relatedSpdxElement == $id and .relationshipType == "CONTAINS") | .spdxElementId as $of
  | $p.packages[] | select(.SPDXID == $of) | .name + " " + .versionInfo' "$FIXTURE_DIR/sbom.json")" \
  'greeting 1.0.0' 'the file belongs to its component'

# --- once is enough ---
count=$(statements)
same "$count" 4 'a signature, provenance, an SBOM and VEX'
(unset CULLET_PASSPHRASE; in_workspace "$CULLET" build greeting >/dev/null </dev/null)
same "$(statements)" "$count" 'a second build adds nothing and asks for no passphrase'
printf '# a comment\n' >>"$WORKSPACE/recipes/greeting.yaml"
(unset CULLET_PASSPHRASE; in_workspace "$CULLET" build greeting >/dev/null </dev/null)
same "$(statements)" "$count" 'a comment makes no second provenance'

# --- in a registry: pushed there with the image, again only once ---
registry_start
in_workspace "$CULLET" build greeting --push "$REGISTRY/prod/greeting:1.0.0" >/dev/null
listed() { registry_get_manifest prod/greeting "${digest/:/-}" |
  jq '[.manifests[] | select(.annotations["in-toto.io/predicate-type"])] | length'; }
same "$(listed)" 4 'the registry lists all four with their predicate types'
in_workspace "$CULLET" build greeting --push "$REGISTRY/prod/greeting:1.0.0" >/dev/null
same "$(listed)" 4 'and lists them once'

# --- read back, verified; what was changed is refused, and why ---
image=$REGISTRY/prod/greeting:1.0.0
in_workspace "$CULLET" attestations greeting --key keys/attest.pub --type provenance >"$FIXTURE_DIR/read.json"
same "$(jq -S . "$FIXTURE_DIR/read.json" | sha256sum)" \
  "$(jq -S .predicate "$FIXTURE_DIR/provenance.json" | sha256sum)" 'the predicate comes back as it was made'
in_workspace "$CULLET" attestations "$image" --json >"$FIXTURE_DIR/list.json"
same "$(jq '[.attestations[] | select(.verified)] | length' "$FIXTURE_DIR/list.json")" 3 'three are by this key'
same "$(jq -r '.attestations[] | select(.verified | not) | .type' "$FIXTURE_DIR/list.json")" \
  https://sigstore.dev/cosign/sign/v1 'the signature is by another, and listed as such'
in_workspace "$CULLET" attestations "$image" --type provenance --dsse "$FIXTURE_DIR/dsse.json"
jq -r .payload "$FIXTURE_DIR/dsse.json" | base64 --decode >"$FIXTURE_DIR/payload"
jq -r '.signatures[0].sig' "$FIXTURE_DIR/dsse.json" | base64 --decode >"$FIXTURE_DIR/signature"
{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(stat -c %s "$FIXTURE_DIR/payload")"
  cat "$FIXTURE_DIR/payload"; } >"$FIXTURE_DIR/pae"
same "$(openssl dgst -sha256 -verify "$WORKSPACE/keys/attest.pub" -signature "$FIXTURE_DIR/signature" "$FIXTURE_DIR/pae")" \
  'Verified OK' 'openssl accepts the plain DSSE envelope'
expect 2 '--dsse writes one statement' "$CULLET" attestations "$image" --dsse "$FIXTURE_DIR/none"
expect 3 'no statement of type https://spdx.dev/Document by this key' \
  "$CULLET" attestations "$image" --key keys/release.pub --type spdx
expect 3 'it was made with another key, or its content was changed' \
  "$CULLET" attestations "$image" --key keys/release.pub --type spdx
expect 3 'the types that are there: provenance, spdx' "$CULLET" attestations "$image" --type https://example.com/none
in_workspace "$CULLET" attestations "$image" >"$FIXTURE_DIR/list"
grep -q '^signature sha256:[0-9a-f]*  of the image: see `cullet verify`$' "$FIXTURE_DIR/list"
echo 'ok: a person is told that the signature is no failed statement'

# One byte of the SBOM, with everything around it put right.
carrier=$(registry_get_manifest prod/greeting "${digest/:/-}" |
  jq -r '.manifests[] | select(.annotations["in-toto.io/predicate-type"] == "https://spdx.dev/Document") | .digest')
registry_get_manifest prod/greeting "$carrier" >"$FIXTURE_DIR/carrier.json"
bundle=$(jq -r '.layers[0].digest' "$FIXTURE_DIR/carrier.json")
"${REGISTRY_CURL[@]}" --fail "$REGISTRY_URL/v2/prod/greeting/blobs/$bundle" >"$FIXTURE_DIR/bundle.json"
payload=$(jq -r .dsseEnvelope.payload "$FIXTURE_DIR/bundle.json" | base64 --decode | sed 's/1\.0\.0/1.0.9/' | base64 --wrap=0)
jq -c --arg payload "$payload" '.dsseEnvelope.payload = $payload' "$FIXTURE_DIR/bundle.json" | tr -d '\n' >"$FIXTURE_DIR/forged.json"
forged=$(registry_put_blob prod/greeting "$FIXTURE_DIR/forged.json")
jq -c --arg digest "$forged" --argjson size "$(stat -c %s "$FIXTURE_DIR/forged.json")" \
  '.layers[0].digest = $digest | .layers[0].size = $size' "$FIXTURE_DIR/carrier.json" | tr -d '\n' >"$FIXTURE_DIR/forged-carrier.json"
forged=$(registry_put_manifest prod/greeting "$FIXTURE_DIR/forged-carrier.json")
registry_get_manifest prod/greeting "${digest/:/-}" | jq -c --arg old "$carrier" --arg digest "$forged" \
  --argjson size "$(stat -c %s "$FIXTURE_DIR/forged-carrier.json")" \
  '.manifests |= map(if .digest == $old then .digest = $digest | .size = $size else . end)' |
  tr -d '\n' >"$FIXTURE_DIR/index.json"
registry_put_manifest prod/greeting "$FIXTURE_DIR/index.json" "${digest/:/-}" >/dev/null
expect 3 'it was made with another key, or its content was changed' "$CULLET" attestations "$image" --type spdx
in_workspace "$CULLET" attestations "$image" --type provenance | holds .buildDefinition
echo 'ok: the provenance beside it still holds'
expect 0 '' "$CULLET" build greeting --push "$image"
in_workspace "$CULLET" attestations "$image" --type spdx | holds .spdxVersion
echo 'ok: the next build says again what was lost'

# --- what was superseded is said again: readers go by the newest ---
count=$(statements)
for builder in other images images; do
  sed -i "s|^builder: .*|builder: https://ci.example.com/$builder|" "$WORKSPACE/cullet.yaml"
  in_workspace "$CULLET" build greeting >/dev/null
  sleep 1.1 # statements tell seconds
done
same "$(statements)" $((count + 2)) 'another builder, and the first one again, each once'

# --- the key for statements is not the one for releases ---
rm "$WORKSPACE"/keys/attest.*
printf 'fork: greeting\nenvironment: c\nsteps: [{ run: make CC=gcc }, { run: make install DESTDIR=$OUT }]\nimage: { contents: [other] }\n' \
  >"$WORKSPACE/recipes/other.yaml"
expect 0 'there is no key keys/attest.pem' "$CULLET" build other
same "$(jq '[.manifests[] | select(.artifactType)] | length' "$WORKSPACE/.cullet/registry/other/index.json")" 1 \
  'without a key for them nothing is said, and the image is signed'
cp "$WORKSPACE/keys/release.pem" "$WORKSPACE/keys/attest.pem"
cp "$WORKSPACE/keys/release.pub" "$WORKSPACE/keys/attest.pub"
expect 1 'is the release key under another name' "$CULLET" build other
