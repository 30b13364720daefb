#!/usr/bin/env bash
# Anyone can rebuild it: an image in a registry, its inputs beside it, workspace, store, fork and
# mirror gone; another account builds it again, from the registry alone, gets the same digest and says
# so. What does not hold is refused, each with its reason, and nothing stays behind.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
small_new app
small_store "$FIXTURE_DIR/store" app
registry_start anonymous
REF=$REGISTRY/prod/app:1.0.0

cat >"$WORKSPACE/recipes/leak.yaml" <<'END'
fork: app
environment: probe
steps:
  - run: busybox mkdir -p "$OUT/share"; busybox date >"$OUT/share/when"
image: { contents: [leak] }
END
digest=$(in_workspace "$CULLET" build app --keep-inputs --push "$REF" --json 2>/dev/null | jq -r .image.digest)
in_workspace "$CULLET" build leak --keep-inputs --push "$REGISTRY/prod/leak:1.0.0" >/dev/null 2>&1
in_workspace "$CULLET" build app --push "$REGISTRY/prod/bare:1.0.0" >/dev/null 2>&1
in_workspace "$CULLET" build app --push "$REGISTRY/prod/late:1.0.0" >/dev/null 2>&1
echo '# a comment, between what was said and what is kept' >>"$WORKSPACE/recipes/app.yaml"
in_workspace "$CULLET" build app --keep-inputs --push "$REGISTRY/prod/late:1.0.0" >/dev/null 2>&1
KEYS=$(fixture_subdirectory keys)
cp "$WORKSPACE"/keys/*.pub "$KEYS"
openssl pkey -in "$WORKSPACE/keys/attest.pem" -passin "pass:$CULLET_PASSPHRASE" -out "$KEYS/attest.key"
cp "$WORKSPACE/keys/attest.pem" "$KEYS/attest.private"
for who in one two; do key_make "$KEYS/$who"; done
rm -rf "$WORKSPACE" "$FIXTURE_DIR/store" "$FIXTURE_DIR/mirror" "$FORK_REPOSITORY"

# --- the other account: another user where we are root, another home in any case. Whatever isn't the
# registry is behind a proxy that isn't there.
OTHER=$(mktemp -d /var/tmp/cullet-other.XXXXXX)
FIXTURE_UNDO+=(forget_other)
forget_other() { rm -rf "$OTHER"; }
mkdir "$OTHER/home"
install -m 755 "$CULLET" "$OTHER/cullet"
cp -r "$KEYS" "$OTHER/keys"
as=() name=$(id -un)
if ((EUID == 0)); then
  id cullet-test >/dev/null 2>&1 || useradd --create-home --shell /bin/bash cullet-test
  chown -R cullet-test "$OTHER"
  chmod 711 "$OTHER"
  name=cullet-test
  as=(setpriv --reuid cullet-test --regid cullet-test --init-groups --)
fi
other() {
  (cd "$OTHER/home" && "${as[@]}" env -i PATH="$PATH" HOME="$OTHER/home" http_proxy=http://127.0.0.1:9 \
    https_proxy=http://127.0.0.1:9 no_proxy="${REGISTRY%:*}" "$OTHER/cullet" --plain-http "$@")
}
referrers() { registry_get_manifest "prod/$1" "${digest/:/-}" | jq '.manifests | length'; }
# refused STATUS TEXT ARGUMENT...: as the other account; and nothing is left, nothing was attached.
refused() {
  local status=$1 text=$2 got=0
  shift 2
  other reproduce "$@" >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" || got=$?
  if [[ $got != "$status" ]] || ! grep -qF -- "$text" "$FIXTURE_DIR/err"; then
    printf 'FAILED: wanted status %s and «%s», got status %s and:\n' "$status" "$text" "$got" >&2
    sed 's/^/  | /' "$FIXTURE_DIR/err" >&2
    return 1
  fi
  [[ -z $(find "$OTHER/home" -name 'somebody*' -o -name 'another machine*' -o -path '*/trees/*' -o -path '*/blobs/??/*') ]]
  echo "ok: status $status: $text"
}
cp -r "$REGISTRY_DIR/storage" "$FIXTURE_DIR/storage"
fresh_registry() { rm -rf "$REGISTRY_DIR/storage" && cp -r "$FIXTURE_DIR/storage" "$REGISTRY_DIR/storage"; }
keys=(--key "$OTHER/keys/release.pub")

# --- the same, without a workspace, from an empty store ---
other reproduce "$REF" "${keys[@]}" --json >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(jq -r '"\(.same) \(.rebuilt)"' "$FIXTURE_DIR/out")" "true $digest" "as $name, the same digest"
[[ -z $(find "$OTHER/home" -name 'another machine*' -o -path '*/trees/*') ]]
before=$(referrers app)
same "$(other reproduce "$REGISTRY/prod/late:1.0.0" "${keys[@]}" --json 2>/dev/null | jq -r .rebuilt)" "$digest" \
  'inputs that were kept later, with another comment, are vouched for, too'

# --- two rebuilders say so, each once; nobody is independent of himself ---
other reproduce "$REF" "${keys[@]}" --sign "$OTHER/keys/one.key" >"$FIXTURE_DIR/out" 2>/dev/null
grep -q '^said so as urn:cullet:rebuilder:' "$FIXTURE_DIR/out"
same "$(referrers app)" $((before + 2)) 'a rebuilder adds provenance of its own, and a summary'
other reproduce "$REF" "${keys[@]}" --sign "$OTHER/keys/one.key" >"$FIXTURE_DIR/out" 2>/dev/null
grep -q '^already said by urn:cullet:rebuilder:' "$FIXTURE_DIR/out"
same "$(referrers app)" $((before + 2)) 'and says it once'
other reproduce "$REF" "${keys[@]}" --sign "$OTHER/keys/two.key" --rebuilder https://rebuilds.example.com >/dev/null 2>&1
same "$(referrers app)" $((before + 4)) 'so does another'
refused 1 'nobody is independent of himself' "$REF" "${keys[@]}" --sign "$OTHER/keys/attest.key"
refused 2 'is no URI' "$REF" "${keys[@]}" --sign "$OTHER/keys/one.key" --rebuilder me
verify() { other verify "$REF" "${keys[@]}" "$@"; }
rebuilders=(--rebuilder-key "$OTHER/keys/one.pem" --rebuilder-key "$OTHER/keys/two.pem")
same "$(verify --rebuilders 2 "${rebuilders[@]}" --json | jq -r '.rebuilders | length')" 2 'verify --rebuilders 2 passes'
# policy N KEY...: a policy that asks for N of these.
policy() {
  printf 'signatures: { release: [release.pub], attestations: [attest.pub] }\nrebuilders: { keys: [%s], at_least: %s }\n' \
    "$(IFS=, && echo "${*:2}")" "$1" >"$OTHER/keys/policy.yaml"
  other verify "$REF" --policy "$OTHER/keys/policy.yaml" --json 2>/dev/null |
    jq -r '.rules[] | select(.rule == "rebuilders") | "\(.passed) \(.reason)"'
}
same "$(policy 2 one.pem two.pem)" 'true 2 of the 2 that it needs' 'a policy that asks for two rebuilders passes'
[[ $(policy 2 one.pem attest.pub) == 'false 1 of the 2 that it needs; '* ]]
echo 'ok: a policy counts nobody who is not independent'
# Kept inputs are no statement, and no reason why another one doesn't count.
key_make "$OTHER/keys/stranger"
printf 'signatures: { release: [release.pub], attestations: [stranger.pem] }\nbuilders: [urn:x]\nmax_age: 9d\n' >"$OTHER/keys/policy.yaml"
other verify "$REF" --policy "$OTHER/keys/policy.yaml" --json >"$FIXTURE_DIR/out" 2>/dev/null || true
same "$(jq -r '(.rules[] | select(.rule == "builder").reason), ([.ignored[].type | select(contains("inputs"))] | length)' "$FIXTURE_DIR/out")" \
  "no provenance counts: it was made with another key, or its content was changed
0" 'kept inputs are not what is wrong with a statement'
for wrong in '3 --rebuilder-key one.pem --rebuilder-key two.pem' '2 --rebuilder-key one.pem --rebuilder-key one.pem' \
  '3 --rebuilder-key one.pem --rebuilder-key two.pem --rebuilder-key release.pub' \
  '1 --rebuilder-key attest.pub' '1 --rebuilder-key release.pub'; do
  # shellcheck disable=SC2086 # words
  (cd "$OTHER/keys" && set -- $wrong && got=0 && other -C "$OTHER/keys" verify "$REF" --key release.pub --rebuilders "$@" \
    >/dev/null 2>"$FIXTURE_DIR/err" || got=$? && [[ $got == 3 ]] && grep -q 'of the trusted rebuilders, not by' "$FIXTURE_DIR/err")
  echo "ok: refused: --rebuilders $wrong"
done
other attestations "$REF" --key "$OTHER/keys/two.pem" --type vsa >"$FIXTURE_DIR/vsa.json"
same "$(jq -r '"\(.verificationResult) \(.verifiedLevels[0]) \(.verifier.id) \(.inputAttestations | length)"' "$FIXTURE_DIR/vsa.json")" \
  'PASSED SLSA_BUILD_REPRODUCED https://rebuilds.example.com 2' 'the summary says what SLSA asks of it'

# --- keys: whose signature, whose statements ---
refused 3 'no signature of' "$REF" --key "$OTHER/keys/one.pem" --attest-key "$OTHER/keys/attest.pub"
refused 3 'no provenance of' "$REF" "${keys[@]}" --attest-key "$OTHER/keys/release.pub"
mkdir "$OTHER/alone" && cp "$OTHER/keys/release.pub" "$OTHER/alone"
refused 1 'is not known' "$REF" --key "$OTHER/alone/release.pub"
refused 1 'no inputs' "$REGISTRY/prod/bare:1.0.0" "${keys[@]}"

# --- what does not come out the same is explained, and not said to be ---
digest=$(registry_get_manifest prod/leak 1.0.0 | sha256sum | sed 's/^/sha256:/; s/ .*//')
before=$(referrers leak)
refused 3 'most likely cause: time' "$REGISTRY/prod/leak:1.0.0" "${keys[@]}" --sign "$OTHER/keys/one.key"
grep -q '/share/when' "$FIXTURE_DIR/err"
same "$(referrers leak)" "$before" 'nothing is said of it'
digest=$(registry_get_manifest prod/app 1.0.0 | sha256sum | sed 's/^/sha256:/; s/ .*//')

# --- inputs that are others ---
fresh_registry
inputs=$(registry_get_manifest prod/app "${digest/:/-}" | jq -r '[.manifests[] | select(.artifactType | startswith("application/vnd.cullet.inputs"))][0].digest')
registry_get_manifest prod/app "$inputs" >"$FIXTURE_DIR/inputs.json"
"${REGISTRY_CURL[@]}" "$REGISTRY_URL/v2/prod/app/blobs/$(jq -r .config.digest "$FIXTURE_DIR/inputs.json")" >"$FIXTURE_DIR/list.json"
deb=$(jq -r '.list[] | select(.kind == "package") | .digest' "$FIXTURE_DIR/list.json")
data=$REGISTRY_DIR/storage/docker/registry/v2/blobs/sha256/$(cut -c8-9 <<<"$deb")/${deb#sha256:}/data
printf X | dd of="$data" bs=1 seek=1000 conv=notrunc status=none
refused 3 'restoring' "$REF" "${keys[@]}"
grep -q "${deb#sha256:}" "$FIXTURE_DIR/err"
echo 'ok: the input is named'
fresh_registry
# replaced LIST: puts that list in the place of the kept one, with everything around it right.
replaced() {
  local config artifact blob
  blob=$(registry_put_blob prod/app "$1")
  config=$(jq -c --arg digest "$blob" --argjson size "$(stat -c %s "$1")" '.config.digest = $digest | .config.size = $size' "$FIXTURE_DIR/inputs.json")
  printf %s "$config" >"$FIXTURE_DIR/artifact.json"
  artifact=$(registry_put_manifest prod/app "$FIXTURE_DIR/artifact.json")
  registry_get_manifest prod/app "${digest/:/-}" | jq -c --arg old "$inputs" --arg digest "$artifact" \
    --argjson size "$(stat -c %s "$FIXTURE_DIR/artifact.json")" \
    '.manifests |= map(if .digest == $old then .digest = $digest | .size = $size else . end)' | tr -d '\n' >"$FIXTURE_DIR/index.json"
  registry_put_manifest prod/app "$FIXTURE_DIR/index.json" "${digest/:/-}" >/dev/null
}
jq -cj '(.list[] | select(.name == "recipes/app.yaml") | .digest) |= ("sha256:" + ("0" * 64))' "$FIXTURE_DIR/list.json" >"$FIXTURE_DIR/other.json"
replaced "$FIXTURE_DIR/other.json"
refused 3 'recipes/app.yaml' "$REF" "${keys[@]}"
fresh_registry
jq -cj 'del(.list[] | select(.kind == "package"))' "$FIXTURE_DIR/list.json" >"$FIXTURE_DIR/other.json"
replaced "$FIXTURE_DIR/other.json"
refused 3 'busybox-static' "$REF" "${keys[@]}"

# --- provenance that says what we can't do, or isn't about this image ---
other attestations "$REF" --key "$OTHER/keys/attest.pub" --type provenance >"$FIXTURE_DIR/provenance.json"
# provenance FILTER [DIGEST]: in place of what is said, this is.
provenance() {
  fresh_registry
  bundle_statement "${2:-$digest}" https://slsa.dev/provenance/v1 "$(jq -c "$1" "$FIXTURE_DIR/provenance.json")" >"$FIXTURE_DIR/statement"
  bundle_of "$KEYS/attest.key" "$FIXTURE_DIR/statement" >"$FIXTURE_DIR/bundle"
  registry_get_manifest prod/app "${digest/:/-}" | jq -c '.manifests |= map(select(.annotations["in-toto.io/predicate-type"] != "https://slsa.dev/provenance/v1"))' |
    tr -d '\n' >"$FIXTURE_DIR/index.json"
  registry_put_manifest prod/app "$FIXTURE_DIR/index.json" "${digest/:/-}" >/dev/null
  bundle_attach prod/app "$digest" "$FIXTURE_DIR/bundle" https://slsa.dev/provenance/v1 >/dev/null
}
provenance '.buildDefinition.internalParameters.architecture = "riscv64"'
refused 4 'the image is for riscv64' "$REF" "${keys[@]}"
provenance '.buildDefinition.internalParameters.assembly = 0'
refused 4 'assembly contract 0' "$REF" "${keys[@]}"
provenance '.buildDefinition.buildType = "https://example.com/build"'
refused 1 'built by something else' "$REF" "${keys[@]}"
provenance '.buildDefinition.externalParameters.recipe = 7'
refused 1 "'recipe' must be a string" "$REF" "${keys[@]}"
provenance '.' "sha256:$(printf '%064d' 1)"
refused 3 'it is about another image' "$REF" "${keys[@]}"

# --- from one file, on a machine without any network ---
fresh_registry
other inputs export "$REF" "$OTHER/home/app.tar" >/dev/null 2>&1
registry_stop
other inputs import "$OTHER/home/app.tar" --to oci:audit:1.0.0 >/dev/null 2>&1
same "$(other reproduce oci:audit:1.0.0 "${keys[@]}" --offline --json 2>/dev/null | jq -r .rebuilt)" "$digest" 'from one file, the same digest'
