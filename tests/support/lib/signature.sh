# shellcheck shell=bash
# Signatures made by hand, with openssl and jq alone: what cullet's own must be like, and the means
# to make wrong ones. Formats as cosign, podman and skopeo read them.

# key_make PREFIX: PREFIX.key, PREFIX.pem: an ECDSA P-256 key pair (PKCS#8, SPKI).
key_make() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
  openssl pkey -in "$1.key" -pubout -out "$1.pem"
}

# signature_of KEY FILE: prints base64 of the ASN.1 ECDSA signature of FILE's SHA-256.
signature_of() {
  openssl dgst -sha256 -sign "$1" "$2" | base64 --wrap=0
}

# legacy_payload REFERENCE DIGEST: prints the payload ("simple signing") that says DIGEST was
# published as REFERENCE. podman compares REFERENCE, cosign ignores it.
legacy_payload() {
  printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},' "$1" "$2"
  printf '"type":"cosign container image signature"},"optional":null}'
}

# bundle_statement DIGEST [PREDICATE_TYPE [PREDICATE]]: prints the in-toto statement that a bundle
# carries; by default the one that means "this is my image".
bundle_statement() {
  jq --null-input --compact-output --arg hex "${1#sha256:}" \
    --arg type "${2:-https://sigstore.dev/cosign/sign/v1}" --argjson predicate "${3:-{\}}" '{
      _type: "https://in-toto.io/Statement/v1", subject: [{digest: {sha256: $hex}}],
      predicateType: $type, predicate: $predicate}' | tr -d '\n'
}

# pae_of TYPE FILE: prints the bytes that a DSSE signature of FILE covers.
pae_of() {
  printf 'DSSEv1 %d %s %d ' "${#1}" "$1" "$(stat -c %s -- "$2")"
  cat -- "$2"
}

# bundle_of KEY STATEMENT_FILE: prints a Sigstore bundle v0.3 with one DSSE signature by KEY.
bundle_of() {
  local type=application/vnd.in-toto+json scratch
  scratch=$(fixture_subdirectory bundle)
  pae_of "$type" "$2" >"$scratch/pae"
  jq --null-input --compact-output --arg type "$type" --arg payload "$(base64 --wrap=0 <"$2")" \
    --arg signature "$(signature_of "$1" "$scratch/pae")" --arg hint "$(key_hint "$1")" '{
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {publicKey: {hint: $hint}},
      dsseEnvelope: {payload: $payload, payloadType: $type, signatures: [{sig: $signature}]}}' | tr -d '\n'
}

# key_hint KEY: prints what names KEY in a bundle: base64 of SHA-256 of its SPKI.
key_hint() {
  openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -binary | base64 --wrap=0
}

# legacy_attach REPOSITORY DIGEST PAYLOAD_FILE SIGNATURE: publishes a signature at the tag
# sha256-<hex>.sig of the current registry, instead of any that are there.
legacy_attach() {
  local scratch layer config
  scratch=$(fixture_subdirectory attach)
  # cosign's own config names the layers as diff_ids; nobody reads it.
  printf '{"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"config":{}}' \
    "$(sha256sum <"$3" | cut -d' ' -f1)" >"$scratch/config"
  layer=$(_attach_blob "$1" "$3" application/vnd.dev.cosign.simplesigning.v1+json)
  config=$(_attach_blob "$1" "$scratch/config" application/vnd.oci.image.config.v1+json)
  jq --null-input --compact-output --argjson layer "$layer" --argjson config "$config" --arg signature "$4" '{
      schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config,
      layers: [$layer + {annotations: {"dev.cosignproject.cosign/signature": $signature}}]}' |
    tr -d '\n' >"$scratch/manifest"
  registry_put_manifest "$1" "$scratch/manifest" "${2/:/-}.sig"
}

# legacy_sign KEY REPOSITORY DIGEST REFERENCE: the whole of it; prints the manifest's digest.
legacy_sign() {
  local scratch
  scratch=$(fixture_subdirectory legacy)
  legacy_payload "$4" "$3" >"$scratch/payload"
  legacy_attach "$2" "$3" "$scratch/payload" "$(signature_of "$1" "$scratch/payload")"
}

# bundle_attach REPOSITORY DIGEST BUNDLE_FILE [PREDICATE_TYPE]: publishes a bundle as a referrer of
# DIGEST in the current registry, and lists it in the fallback index at the tag sha256-<hex>; prints
# the referrer's digest.
bundle_attach() {
  local type=application/vnd.dev.sigstore.bundle.v0.3+json scratch layer config subject
  scratch=$(fixture_subdirectory attach)
  printf '{}' >"$scratch/config"
  layer=$(_attach_blob "$1" "$3" "$type")
  config=$(_attach_blob "$1" "$scratch/config" application/vnd.oci.empty.v1+json)
  registry_get_manifest "$1" "$2" >"$scratch/subject"
  subject=$(_descriptor_of "$scratch/subject" "$(jq -r .mediaType "$scratch/subject")")
  jq --null-input --compact-output --arg type "$type" --argjson layer "$layer" --argjson config "$config" \
    --argjson subject "$subject" --arg predicate "${4:-https://sigstore.dev/cosign/sign/v1}" '{
      schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: $type,
      config: $config, layers: [$layer], subject: $subject,
      annotations: {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": $predicate,
        "in-toto.io/predicate-type": $predicate, "org.opencontainers.image.created": "1980-01-01T00:00:00Z"}}' |
    tr -d '\n' >"$scratch/manifest"
  registry_put_manifest "$1" "$scratch/manifest"
  fallback_append "$1" "$2" "$scratch/manifest"
}

# bundle_sign KEY REPOSITORY DIGEST: the whole of it; prints the referrer's digest.
bundle_sign() {
  local scratch
  scratch=$(fixture_subdirectory sign)
  bundle_statement "$3" >"$scratch/statement"
  bundle_of "$1" "$scratch/statement" >"$scratch/bundle"
  bundle_attach "$2" "$3" "$scratch/bundle"
}

# fallback_append REPOSITORY DIGEST MANIFEST_FILE: lists a referrer of DIGEST in the index at the tag
# sha256-<hex>, which stands in for the referrers API (distribution-spec 1.1, "Pushing Manifests with
# Subject").
fallback_append() {
  local scratch tag=${2/:/-}
  scratch=$(fixture_subdirectory fallback)
  registry_get_manifest "$1" "$tag" >"$scratch/old" 2>/dev/null ||
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' >"$scratch/old"
  jq --compact-output --argjson new "$(_descriptor_of "$3" application/vnd.oci.image.manifest.v1+json)" \
    --slurpfile manifest "$3" '
      ($new + {artifactType: $manifest[0].artifactType, annotations: $manifest[0].annotations}) as $entry
      | .manifests |= map(select(.digest != $new.digest)) + [$entry]' "$scratch/old" |
    tr -d '\n' >"$scratch/index"
  registry_put_manifest "$1" "$scratch/index" "$tag" >/dev/null
}

# _attach_blob REPOSITORY FILE MEDIA_TYPE: uploads FILE; prints its descriptor.
_attach_blob() {
  registry_put_blob "$1" "$2" >/dev/null
  _descriptor_of "$2" "$3"
}

# _descriptor_of FILE MEDIA_TYPE
_descriptor_of() {
  jq --null-input --compact-output --arg type "$2" --arg digest "sha256:$(sha256sum <"$1" | cut -d' ' -f1)" \
    --argjson size "$(stat -c %s -- "$1")" '{mediaType: $type, digest: $digest, size: $size}'
}
