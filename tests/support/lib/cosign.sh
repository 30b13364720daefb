# shellcheck shell=bash
# cosign, the verifier that most of the world runs, and the library with which podman verifies.

# What these accept was established for these versions; both need Go 1.26 or later.
COSIGN_VERSION=v3.1.3
CONTAINERS_POLICY_VERSION=5.42.0 # of go.podman.io/image, from containers_policy/go.mod

# cosign_install: sets COSIGN to the program, unless it is set. The first time takes 140 s on two
# cores, 1.4 GiB of memory and, for a while, 2.7 GiB of disk.
cosign_install() {
  [[ -z ${COSIGN:-} ]] || return 0
  tool_install "cosign-$COSIGN_VERSION" _cosign_build
  COSIGN=$TOOL
}

# cosign_run COMMAND [ARGUMENT...]: runs cosign against the current registry: with its authority,
# client certificate and credentials, and away from the user's configuration.
cosign_run() {
  local command=$1 options=(--allow-http-registry)
  shift
  if [[ -n $REGISTRY_CA ]]; then
    options=(--registry-cacert "$REGISTRY_CA")
  fi
  if [[ -n $REGISTRY_KEY ]]; then
    options+=(--registry-client-cert "$REGISTRY_CERTIFICATE" --registry-client-key "$REGISTRY_KEY")
  fi
  if [[ -n $REGISTRY_USER ]]; then
    options+=(--registry-username "$REGISTRY_USER" --registry-password "$REGISTRY_PASSWORD")
  fi
  # TUF_ROOT is where it would keep Sigstore's trust root. Verifying with a key and without the
  # transparency log it fetches none, and writes nothing at all.
  HOME=$FIXTURE_DIR/cosign TUF_ROOT=$FIXTURE_DIR/cosign/tuf DOCKER_CONFIG=$FIXTURE_DIR/cosign \
    "$COSIGN" "$command" "${options[@]}" "$@"
}

# cosign_verify KEY REPOSITORY DIGEST [OPTION...]: succeeds if cosign, offline, finds an acceptable
# signature by the public KEY. Prints the claims as JSON; reasons go to standard error. Status: 0
# verified; 10 no signature (or no such image); 12 only legacy signatures, and none acceptable; 1
# bundles, and none acceptable, or anything else.
cosign_verify() {
  local key=$1 repository=$2 digest=$3
  shift 3
  cosign_run verify --key "$key" --insecure-ignore-tlog "$@" "$REGISTRY/$repository@$digest"
}

# cosign_verify_attestation KEY TYPE REPOSITORY DIGEST [OPTION...]: the same for an attestation; TYPE
# is a predicate type (URI) or one of cosign's short names. Prints the envelope.
cosign_verify_attestation() {
  local key=$1 type=$2 repository=$3 digest=$4
  shift 4
  cosign_run verify-attestation --key "$key" --insecure-ignore-tlog --type "$type" "$@" \
    "$REGISTRY/$repository@$digest"
}

# containers_policy_install: sets CONTAINERS_POLICY to the program, unless it is set. The first time
# takes 40 s on two cores and 0.5 GiB of disk.
containers_policy_install() {
  [[ -z ${CONTAINERS_POLICY:-} ]] || return 0
  tool_install "containers-policy-$CONTAINERS_POLICY_VERSION" _containers_policy_build
  CONTAINERS_POLICY=$TOOL
}

# containers_verify KEY IDENTITY_JSON REPOSITORY REFERENCE: succeeds if podman, CRI-O and their kin
# would take the image REFERENCE (":tag" or "@digest") of the current registry under a policy that asks
# for a Sigstore signature by the public KEY whose docker-reference satisfies IDENTITY_JSON, such as
# {"type":"matchRepoDigestOrExact"}, their default. Status 1: refused, and why is on standard error.
# Debian's own podman and skopeo refuse every such policy ("sigstore disabled").
containers_verify() {
  local directory options=()
  directory=$(fixture_subdirectory policy)
  mkdir -- "$directory/registries.d" "$directory/certificates"
  jq --null-input --arg registry "$REGISTRY" --arg key "$1" --argjson identity "$2" '{
      default: [{type: "reject"}],
      transports: {docker: {($registry): [{type: "sigstoreSigned", keyPath: $key, signedIdentity: $identity}]}}}' \
    >"$directory/policy.json"
  # Without this the library does not look for attached signatures at all.
  printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$REGISTRY" >"$directory/registries.d/registry.yaml"
  if [[ -z $REGISTRY_CA ]]; then
    options=(-insecure)
  else
    cp -- "$REGISTRY_CA" "$directory/certificates/ca.crt"
  fi
  if [[ -n $REGISTRY_KEY ]]; then
    cp -- "$REGISTRY_CERTIFICATE" "$directory/certificates/client.cert"
    cp -- "$REGISTRY_KEY" "$directory/certificates/client.key"
  fi
  jq --null-input --arg registry "$REGISTRY" --arg user "$REGISTRY_USER" --arg password "$REGISTRY_PASSWORD" \
    '{auths: (if $user == "" then {} else {($registry): {auth: ("\($user):\($password)" | @base64)}} end)}' \
    >"$directory/auth.json"
  "$CONTAINERS_POLICY" "${options[@]}" -policy "$directory/policy.json" -registries-d "$directory/registries.d" \
    -certificates "$directory/certificates" -auth-file "$directory/auth.json" "$REGISTRY/$3$4"
}

_cosign_build() {
  go_isolated "$1" install -ldflags='-s -w' "github.com/sigstore/cosign/v3/cmd/cosign@$COSIGN_VERSION"
  mv -- "$1/bin/cosign" "$1/program"
}

_containers_policy_build() {
  # The tag picks OpenPGP in Go, which nothing here uses, over the C library gpgme.
  go_isolated "$1" build -C "$FIXTURE_HOME/containers_policy" -tags containers_image_openpgp -ldflags='-s -w' \
    -o "$1/program" .
}
