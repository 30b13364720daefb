#!/usr/bin/env bash
# verify --policy: each rule passed and failed by name, in text and as a record; what can't be decided
# fails and says why.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
# Keys without a passphrase, so that statements can be made by hand with them.
for name in release attest; do
  key_make "$FIXTURE_DIR/$name"
  cp "$FIXTURE_DIR/$name.key" "$WORKSPACE/keys/$name.pem"
  cp "$FIXTURE_DIR/$name.pem" "$WORKSPACE/keys/$name.pub"
done
key_make "$FIXTURE_DIR/other"
cp "$FIXTURE_DIR/other.pem" "$WORKSPACE/keys/other.pub"
# The fork is cloned from a host that is ours by name alone.
sed -i 's|^url:.*|url: https://git.example.com/forks/greeting.git|' "$WORKSPACE/forks/greeting.yaml"
printf '[url "file://%s"]\n\tinsteadOf = https://git.example.com/forks/greeting.git\n' "$FORK_REPOSITORY" >"$HOME/.gitconfig"
sed -i 's|^registry:.*|&\nbuilder: https://ci.example.com/images|' "$WORKSPACE/cullet.yaml"
mkdir -p "$WORKSPACE/forks/greeting"
sed 's/hello from/hello, patched,/' "$FORK_REPOSITORY/hello.c" |
  diff -u --label a/hello.c --label b/hello.c "$FORK_REPOSITORY/hello.c" - >"$WORKSPACE/forks/greeting/fix.patch" || true
patched() { # patched MORE...: the patch's line, with more keys
  sed -i '/^patches:/,$d' "$WORKSPACE/forks/greeting.yaml"
  printf 'patches: [{ file: greeting/fix.patch, fixes: [CVE-2024-0001], reason: the greeting, added: 2024-06-01%s }]\n' \
    "$*" >>"$WORKSPACE/forks/greeting.yaml"
}
patched ", expires: $(date -u -d +30days +%F)"
sed -i 's/contents: \[greeting\]/contents: [greeting, { packages: [libc6] }]/' "$WORKSPACE/recipes/greeting.yaml"

registry_start
image=$REGISTRY/prod/greeting:1
in_workspace "$CULLET" build greeting --push "$image" >/dev/null

# policy FILE: writes a policy from standard input, with the keys before it.
policy() {
  { printf 'signatures: { release: [../keys/release.pub], attestations: [../keys/attest.pub] }\n' && cat; } \
    >"$WORKSPACE/policies/$1.yaml"
}
# ruling RULE: what the last --json record says of a rule.
ruling() { jq -r --arg rule "$1" '.rules[] | select(.rule == $rule) | "\(.passed) \(.reason)"' "$FIXTURE_DIR/out"; }
# fails RULE TEXT [REF]: the policy `one` (from standard input) fails by that rule alone, with that reason.
fails() {
  policy one
  expect 3 "$1: $2" "$CULLET" verify "${3:-$image}" --policy policies/one.yaml
  expect 3 'fails 1 of the 3 rules of policies/one.yaml' "$CULLET" verify "${3:-$image}" --policy policies/one.yaml --json
  [[ $(ruling "$1") == "false $2"* && $(jq .passed "$FIXTURE_DIR/out") == false ]] || { jq . "$FIXTURE_DIR/out"; return 1; }
}
# passes RULE TEXT [REF]: the same with a policy that holds.
passes() {
  policy one
  in_workspace "$CULLET" verify "${3:-$image}" --policy policies/one.yaml --json >"$FIXTURE_DIR/out"
  [[ $(jq .passed "$FIXTURE_DIR/out") == true && $(ruling "$1") == "true $2"* ]] || { jq . "$FIXTURE_DIR/out"; return 1; }
  printf 'ok: %s: %s\n' "$1" "$(ruling "$1")"
}
mkdir "$WORKSPACE/policies"

# --- a policy that asks for all, and holds ---
policy all <<'END'
builders: [https://ci.example.com/images]
recipes: [greeting]
assembly: [1]
forks: { urls: [git.example.com] }
patches: { expire: true }
fixed:
  CVE-2024-0001: {}
  CVE-2024-0002: { greeting: "1.0", glibc: 2.36-9, openssl: 3.0.0 }
packages: { libc6: 2.36-9, greeting: 0.9.9 }
max_age: 1h
statements: [provenance, sbom, spdx, vex]
END
in_workspace "$CULLET" verify "$image" --policy policies/all.yaml >"$FIXTURE_DIR/out"
cat "$FIXTURE_DIR/out"
same "$(grep -c '^passed  ' "$FIXTURE_DIR/out")" 16 'every rule passes by name'
(cd / && "$CULLET" verify "$image" --policy "$WORKSPACE/policies/all.yaml" --json) | holds '.passed and (.rules | length == 16) and .ignored == []'
echo 'ok: keys are found beside the policy, wherever one stands'

# --- each rule, passed and failed ---
fails builder "the builder is 'https://ci.example.com/images', and the policy allows urn:other" <<<'builders: [urn:other]'
fails recipe "the recipe is 'greeting', and the policy allows nginx, lua" <<<'recipes: [nginx, lua]'
fails assembly 'assembly contract 1 is not one of the policy' <<<'assembly: [2]'
passes forks '1 fork from allowed places' <<<'forks: { urls: ["https://*.example.com/forks/**"] }'
fails forks "fork 'greeting' was cloned from git+https://git.example.com/forks/greeting.git" <<<'forks: { urls: ["https://git.example.com/other/**"] }'
fails forks "fork 'greeting' was cloned from git+https" <<<'forks: { imports: true }'
fails 'fixed CVE-2024-0003' 'no patch or VEX says that it is fixed' <<<'fixed: { CVE-2024-0003: {} }'
fails 'fixed CVE-2024-0003' 'greeting 1.0.0 is older than 1.0.1, and no patch or VEX' <<<'fixed: { CVE-2024-0003: { greeting: 1.0.1 } }'
passes 'fixed CVE-2024-0003' 'it has no nginx' <<<'fixed: { CVE-2024-0003: { nginx: 1.0.1 } }'
fails 'package libc6' 'libc6 2.36-9+deb12u' <<<'packages: { libc6: 2.37 }'
passes 'package libc6' 'libc6 2.36-9+deb12u' <<<'packages: { libc6: 2.36-9+deb12u1 }'
fails 'package glibc' 'libc6 2.36-9+deb12u' <<<'packages: { glibc: 2.37 }'
fails 'package make' 'make 4.3-4.1 is older than 5; it was built with that' <<<'packages: { make: "5" }'
fails 'statement cyclonedx' 'there is no cyclonedx by a key of this policy' <<<'statements: [cyclonedx]'
fails 'statement https://example.com/review/v1' 'there is no' <<<'statements: ["https://example.com/review/v1"]'

# copy_image FROM TO MANIFEST_FILE: the image at TO, without anything that is said of it.
copy_image() {
  local blob
  for blob in $(jq -r '.config.digest, .layers[].digest' "$3"); do
    "${REGISTRY_CURL[@]}" --fail --request POST --output /dev/null \
      "$REGISTRY_URL/v2/$2/blobs/uploads/?mount=$blob&from=$1"
  done
  registry_put_manifest "$2" "$3" 1 >/dev/null
}

# --- an image without statements: nothing can be decided, and each rule says so ---
registry_get_manifest prod/greeting 1 >"$FIXTURE_DIR/image.json"
copy_image prod/greeting bare "$FIXTURE_DIR/image.json"
in_workspace "$CULLET" sign "$REGISTRY/bare:1" --key keys/release.pem >/dev/null
for rule in 'builders: [urn:x]' 'recipes: [greeting]' 'assembly: [1]' 'forks: { imports: true }' 'patches: { expire: true }' \
  'fixed: { CVE-1: {} }' 'packages: { libc6: "1" }' 'max_age: 9d'; do
  policy one <<<"$rule"
  expect 3 'there is no provenance by a key of this policy' "$CULLET" verify "$REGISTRY/bare:1" --policy policies/one.yaml
done
fails 'statement provenance' 'there is no provenance by a key of this policy' "$REGISTRY/bare:1" <<<'statements: [provenance]'
fails 'statement sbom' 'there is no SBOM by a key of this policy' "$REGISTRY/bare:1" <<<'statements: [sbom]'
fails 'statement vex' 'there is no vex by a key of this policy' "$REGISTRY/bare:1" <<<'statements: [vex]'

# --- signatures ---
printf 'signatures: { release: [../keys/other.pub] }\n' >"$WORKSPACE/policies/one.yaml"
expect 3 'signature: no signature is by a key of this policy' "$CULLET" verify "$image" --policy policies/one.yaml
expect 3 'content: not read, for want of a signature' "$CULLET" verify "$image" --policy policies/one.yaml
printf 'signatures: { release: [../keys/other.pub, ../keys/release.pub] }\n' >"$WORKSPACE/policies/one.yaml"
expect 0 '' "$CULLET" verify "$image" --policy policies/one.yaml
printf 'signatures: { release: [../keys/release.pub], attestations: [../keys/other.pub] }\nmax_age: 9d\n' >"$WORKSPACE/policies/one.yaml"
expect 3 'age: no provenance counts: it was made with another key' "$CULLET" verify "$image" --policy policies/one.yaml
# An attestation by the key for statements is no signature of the image.
printf 'signatures: { release: [../keys/attest.pub] }\n' >"$WORKSPACE/policies/one.yaml"
expect 3 'signature: no signature is by a key of this policy' "$CULLET" verify "$image" --policy policies/one.yaml

# --- patches: no date, a date that is past, the day itself ---
patched
in_workspace "$CULLET" build greeting --push "$REGISTRY/undated:1" >/dev/null
fails patches "patch 'greeting/fix.patch' has no date until which it stands" "$REGISTRY/undated:1" <<<'patches: { expire: true }'
patched ', expires: 2024-07-01'
in_workspace "$CULLET" build greeting --push "$REGISTRY/past:1" >/dev/null
fails patches "patch 'greeting/fix.patch' stood until 2024-07-01" "$REGISTRY/past:1" <<<'patches: { expire: true }'
patched ", expires: $(date -u -d +1day +%F)"
in_workspace "$CULLET" build greeting --push "$REGISTRY/tomorrow:1" >/dev/null
passes patches '1 patch, none past its date' "$REGISTRY/tomorrow:1" <<<'patches: { expire: true }'

# --- statements made by hand, by the right key: provenance that is old, of the future, of another kind ---
sed -i '/^patches:/,$d' "$WORKSPACE/forks/greeting.yaml"
in_workspace "$CULLET" build greeting --push "$REGISTRY/plain:1" >/dev/null
passes patches 'it has no patch' "$REGISTRY/plain:1" <<<'patches: { expire: true }'
passes 'statement vex' 'no patch of it fixes an advisory' "$REGISTRY/plain:1" <<<'statements: [vex]'
in_workspace "$CULLET" attestations "$REGISTRY/plain:1" --type provenance >"$FIXTURE_DIR/provenance.json"
registry_get_manifest plain 1 >"$FIXTURE_DIR/plain.json"
digest=sha256:$(sha256sum <"$FIXTURE_DIR/plain.json" | cut -d' ' -f1)
# says REPOSITORY KEY TYPE PREDICATE: one more statement about the image there.
says() {
  bundle_statement "$digest" "$3" "$4" >"$FIXTURE_DIR/statement"
  bundle_of "$FIXTURE_DIR/$2.key" "$FIXTURE_DIR/statement" >"$FIXTURE_DIR/bundle"
  bundle_attach "$1" "$digest" "$FIXTURE_DIR/bundle" "$3" >/dev/null
}
# said REPOSITORY FILTER [KEY]: the image there, signed, with provenance that a jq filter has changed.
said() {
  copy_image plain "$1" "$FIXTURE_DIR/plain.json"
  bundle_sign "$FIXTURE_DIR/release.key" "$1" "$digest" >/dev/null
  says "$1" "${3:-attest}" https://slsa.dev/provenance/v1 "$(jq -c "$2" "$FIXTURE_DIR/provenance.json")"
}
said old '.runDetails.metadata.finishedOn = "2024-01-01T00:00:00Z"'
fails age 'built at 2024-01-01T00:00:00Z, more than 90 d ago' "$REGISTRY/old:1" <<<'max_age: 90d'
said future '.runDetails.metadata.finishedOn = "2124-01-01T00:00:00Z"'
fails age 'it says that it was built at 2124-01-01T00:00:00Z, which is yet to come' "$REGISTRY/future:1" <<<'max_age: 90d'
said timeless 'del(.runDetails.metadata)'
fails age 'provenance does not say when the build finished' "$REGISTRY/timeless:1" <<<'max_age: 90d'
said kind '.buildDefinition.buildType = "https://example.com/other"'
fails recipe 'the provenance is of another kind of build, https://example.com/other' "$REGISTRY/kind:1" <<<'recipes: [greeting]'
said broken 'del(.runDetails)'
fails builder "the provenance: 'runDetails' is missing" "$REGISTRY/broken:1" <<<'builders: [urn:x]'
said nowhere 'del(.buildDefinition.resolvedDependencies[] | select(.name == "fork greeting") | .uri)'
fails forks "provenance does not say where fork 'greeting' was cloned from" "$REGISTRY/nowhere:1" <<<'forks: { urls: [git.example.com] }'
said secret '.buildDefinition.resolvedDependencies += [{name: "greeting/secret.patch", annotations: {fork: "greeting", fixes: []}}]'
fails patches "the image does not say how long patch 'greeting/secret.patch' of its provenance stands" "$REGISTRY/secret:1" <<<'patches: { expire: true }'
# Two say that they have built it: it is enough that all rules hold for one of them.
says timeless attest https://slsa.dev/provenance/v1 "$(<"$FIXTURE_DIR/provenance.json")"
passes age 'built at 20' "$REGISTRY/timeless:1" <<<'max_age: 90d'
said alien '.runDetails.builder.id = "urn:good"' other
fails builder 'no provenance counts: it was made with another key' "$REGISTRY/alien:1" <<<'builders: ["urn:good"]'
same "$(jq -r '.ignored[0].type' "$FIXTURE_DIR/out")" https://slsa.dev/provenance/v1 'what does not count is listed'

# --- what VEX says is believed, the newest first ---
vex() { # vex STATUS TIME
  says vex attest https://openvex.dev/ns "$(jq -n --arg status "$1" --arg time "$2" '{"@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "urn:x", author: "us", version: 1, timestamp: $time,
    statements: [{vulnerability: {name: "CVE-2024-0009"}, status: $status, products: [{"@id": "pkg:oci/x"}]}]}')"
}
said vex .
vex not_affected 2024-01-01T00:00:00Z
passes 'fixed CVE-2024-0009' 'VEX says not_affected' "$REGISTRY/vex:1" <<<'fixed: { CVE-2024-0009: {} }'
vex affected 2024-02-01T00:00:00Z
fails 'fixed CVE-2024-0009' 'VEX says affected' "$REGISTRY/vex:1" <<<'fixed: { CVE-2024-0009: { openssl: 3.0.0 } }'
vex fixed 2024-03-01T00:00:00Z
passes 'fixed CVE-2024-0009' 'VEX says fixed' "$REGISTRY/vex:1" <<<'fixed: { CVE-2024-0009: {} }'

# --- the file itself ---
expect 1 'cannot open' "$CULLET" verify "$image" --policy policies/none.yaml
printf 'signatures: { release: [../keys/release.pub] }\nbuilder: [urn:x]\n' >"$WORKSPACE/policies/one.yaml"
expect 1 "policies/one.yaml:2:1: unknown key 'builder' in a policy" "$CULLET" verify "$image" --policy policies/one.yaml
expect 1 "did you mean 'builders'?" "$CULLET" verify "$image" --policy policies/one.yaml
printf 'signatures: { release: [none.pub] }\n' >"$WORKSPACE/policies/one.yaml"
expect 1 'none.pub' "$CULLET" verify "$image" --policy policies/one.yaml
cp "$WORKSPACE/keys/release.pub" "$WORKSPACE/policies/copy.pub"
printf 'signatures: { release: [../keys/release.pub], attestations: [copy.pub] }\n' >"$WORKSPACE/policies/one.yaml"
expect 1 'copy.pub is a release key under another name' "$CULLET" verify "$image" --policy policies/one.yaml
openssl ec -pubin -in "$WORKSPACE/keys/release.pub" -conv_form compressed -pubout -out "$WORKSPACE/policies/copy.pub" 2>/dev/null
expect 1 'copy.pub is a release key under another name' "$CULLET" verify "$image" --policy policies/one.yaml
expect 2 'excludes' "$CULLET" verify "$image" --policy policies/all.yaml --key keys/release.pub
expect 4 '' "$CULLET" verify 127.0.0.1:1/x:1 --policy policies/all.yaml
in_workspace "$CULLET" schema policy | holds .properties.fixed
echo 'ok: the schema is there for editors'
