#!/usr/bin/env bash
# Every command of README.md, as it stands there.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
if ((EUID != 0)); then
  echo 'skipped: scripts/quickstart installs packages'
  exit 77
fi
ccache=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
e2e_begin
export CCACHE_DIR=$ccache
# `store gc` below would take from the other tests what they share.
cp -a "$CULLET_STORE" "$FIXTURE_DIR/store" 2>/dev/null || true
export CULLET_STORE=$FIXTURE_DIR/store

# --- scripts/quickstart, in a clone, twice ---
clone=$FIXTURE_DIR/clone
git clone --quiet "$E2E_ROOT" "$clone"
# What is not committed yet is tried, too.
git -C "$E2E_ROOT" diff HEAD --binary | git -C "$clone" apply --allow-empty
(unset CULLET_PASSPHRASE && "$clone/scripts/quickstart" >"$FIXTURE_DIR/first" 2>"$FIXTURE_DIR/err") ||
  { tail -n 40 "$FIXTURE_DIR/err"; exit 1; }
cat "$FIXTURE_DIR/first"
(unset CULLET_PASSPHRASE && "$clone/scripts/quickstart" >"$FIXTURE_DIR/second" 2>/dev/null)
same "$(<"$FIXTURE_DIR/second")" "$(<"$FIXTURE_DIR/first")" 'quickstart works again'
digest=$(sed -n 's/^digest: //p' "$FIXTURE_DIR/first")

# --- the line that runs the image, with what podman takes here ---
containers_begin
cd "$clone/.cullet/registry"
podman_run --entrypoint /usr/sbin/nginx oci:nginx:"$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // empty' nginx/index.json | grep -v sha256)" -v
grep -q 'run it: (cd .* && podman run --rm --publish 8080:8080 oci:nginx:' "$FIXTURE_DIR/first"

# --- a workspace of one's own ---
cd "$FIXTURE_DIR"
mkdir bin && ln -s "$clone/build/release/src/cli/cullet" bin/cullet
PATH=$FIXTURE_DIR/bin:$PATH
cullet init images && cd images
cullet lock
cullet key new
cullet build lua
cullet verify lua --key keys/release.pub
cullet schema recipe | holds .properties

# --- the tasks ---
cd "$clone"
cullet plan nginx
cullet affected zlib
registry_start
cp keys/release.passphrase "$FIXTURE_DIR/passphrase"
CULLET_PASSPHRASE=$(<"$FIXTURE_DIR/passphrase") cullet build nginx --push "$REGISTRY/prod/nginx:1.22.1"
CULLET_PASSPHRASE=$(<"$FIXTURE_DIR/passphrase") cullet build --affected-by zlib --push "$REGISTRY/prod"
cullet push nginx "$REGISTRY/prod/nginx:1.22.1"
CULLET_PASSPHRASE=$(<"$FIXTURE_DIR/passphrase") cullet build nginx --keep-inputs --push "$REGISTRY/prod/nginx:1.22.1"
cullet inputs list nginx
cullet inputs restore "$REGISTRY/prod/nginx:1.22.1" "$FIXTURE_DIR/rebuilt" --key keys/attest.pub
cullet inputs push nginx "$REGISTRY/prod/nginx:1.22.1"
cullet inputs export nginx "$FIXTURE_DIR/nginx.tar"
cullet inputs import "$FIXTURE_DIR/nginx.tar" --to "$REGISTRY/prod/imported"
cullet verify "$REGISTRY/prod/nginx:1.22.1" --key keys/release.pub
sed -n '/^# production.yaml/,/^```$/p' README.md | grep -v '^```' |
  sed 's|https://ci.example.com/images|urn:cullet:builder:workstation|; s/^fixed:.*/fixed: { CVE-2023-45853: { zlib: 1.2.13 } }/' >production.yaml
cullet verify "$REGISTRY/prod/nginx:1.22.1" --policy production.yaml
cullet ls nginx /etc | grep nginx.conf >/dev/null
cullet cat nginx /etc/nginx/nginx.conf | grep worker_processes >/dev/null
cullet diff "nginx@$digest" nginx
echo 'ok: no difference between an image and itself'
cullet shell nginx -- true
WORKSPACE=$clone
fork_new greeting
rm "$clone/forks/greeting.yaml" "$clone/recipes/greeting.yaml"
cullet fork add greeting "file://$FORK_REPOSITORY" --commit "$(git_do rev-parse HEAD)"
cullet fork sync greeting
cullet fork list
sed -i 's/hello from/hello of/' "$FORK_REPOSITORY/hello.c"
git_do diff >"$FIXTURE_DIR/fix.patch"
cullet patch add greeting "$FIXTURE_DIR/fix.patch" --fixes CVE-2023-45853 --reason 'minizip overflows on long names' --expires "$(date -u -d +30days +%F)"
cullet patch list
cullet patch drop greeting fix
cullet patch add greeting - --name again --reason 'minizip overflows on long names' <"$FIXTURE_DIR/fix.patch"
cullet patch drop greeting again
git_do commit --quiet --all --message=fix
cullet patch add greeting --pick "$(git_do rev-parse HEAD)" --fixes CVE-2023-45853 --reason "upstream's fix"
(cd "$(cullet patch edit greeting)" && sed -i 's/hello of/hello, edited, of/' hello.c)
cullet patch save greeting --fixes CVE-2023-45854 --reason 'minizip overflows on long names'
cullet patch drop greeting CVE-2023-45854
cullet patch drop greeting CVE-2023-45853
git_do tag v1.1
cullet upstream greeting
cullet upstream build greeting --report greeting.md
grep -q 'v1.1' greeting.md
cullet store usage
cullet store check
cullet store gc --older-than 14
cullet man | grep '^.SH EXIT STATUS' >/dev/null
bash -n <(cullet completion bash)
cullet attestations nginx
cullet attestations nginx --type provenance | holds .buildDefinition
cullet attestations nginx --type spdx | holds .spdxVersion
cullet explain nginx /usr/sbin/nginx
cullet explain nginx --all >/dev/null
CULLET_PASSPHRASE=$(<"$FIXTURE_DIR/passphrase") cullet build lua --check
key_make rebuilder
cullet reproduce "$REGISTRY/prod/nginx:1.22.1" --key keys/release.pub --sign rebuilder.key
cullet verify "$REGISTRY/prod/nginx:1.22.1" --key keys/release.pub --rebuilders 1 --rebuilder-key rebuilder.pem
for command in init fork patch upstream lock plan affected build shell key sign verify attestations explain reproduce push inputs ls cat diff store schema completion man; do
  cullet "$command" --help | grep '^Example:' >/dev/null || { echo "FAILED: $command --help has no example"; exit 1; }
done
echo 'ok: every command has help with an example'

# --- the README names no command that is not tried here ---
sed -n '/^```sh$/,/^```$/p' "$E2E_ROOT/README.md" | grep -E '^(cullet|scripts/)' | awk '{print $1, $2}' | sort -u |
  while read -r program command; do
    grep -qE "(^|[ /])${program##*/}( |\$)" "${BASH_SOURCE[0]}" && { [[ -z $command ]] || grep -q -- "$command" "${BASH_SOURCE[0]}"; } ||
      [[ $program == scripts/test ]] || { echo "FAILED: README's '$program $command' is not tried"; exit 1; }
  done
