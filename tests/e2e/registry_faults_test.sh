#!/usr/bin/env bash
# Pushes through a server that fails in every way that registries, proxies and networks do, with a
# real registry behind it: the push completes, or the tag stands where it stood, and what it points at
# is whole. skopeo is the judge.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
small_new app
containers_begin
in_workspace "$CULLET" build app >/dev/null 2>&1
cp -r "$WORKSPACE/.cullet/registry" "$FIXTURE_DIR/old"
old=$(digest_of app)
git_do rm --quiet --force numbers && head -c 300000 /dev/urandom >"$FORK_REPOSITORY/numbers"
git_do add --all && git_do commit --quiet --message=second && fork_pin app
in_workspace "$CULLET" build app >/dev/null 2>&1
new=$(in_workspace skopeo inspect oci:.cullet/registry/app:1.0.0 | jq -r .Digest)
[[ -n $old && $new != "$old" ]]

completed=0 refused=0 case=0
# tag_is DIGEST: the tag points at it, and skopeo gets every byte, as its digest says.
tag_is() {
  same "$(skopeo_do inspect --tls-verify=false "docker://$REGISTRY/$repository:1.0.0" | jq -r .Digest)" "$1" "$name"
  rm -rf "$FIXTURE_DIR/copy"
  skopeo_do copy --quiet --src-tls-verify=false "docker://$REGISTRY/$repository:1.0.0" "dir:$FIXTURE_DIR/copy"
  in_workspace "$CULLET" verify "$REGISTRY/$repository:1.0.0" --key keys/release.pub >/dev/null
}

# faulty NAME done|fails MATCH SKIP TIMES ACTION: a repository with the old image under the tag, these
# faults, a push of the new one. `fails`: with status 4 or 3, and a push without faults completes it.
faulty() {
  local outcome=$2 status=0
  name=$1 case=$((case + 1)) repository=app$case
  in_workspace "$CULLET" push "oci:$FIXTURE_DIR/old/app:1.0.0" "$REGISTRY/$repository:1.0.0" >/dev/null 2>&1
  faulty_forget
  faulty_script "[{\"match\": \"$3\", \"skip\": $4, \"times\": $5, \"action\": $6}]"
  in_workspace "$CULLET" push --force app "$FAULTY/$repository:1.0.0" >/dev/null 2>"$FIXTURE_DIR/err" || status=$?
  faulty_settle
  if ! jq --slurp -e 'map(select(.rule == 0)) | length > 0' "$FAULTY_LOG" >/dev/null; then
    echo "FAILED: $name: the fault never happened"
    return 1
  fi
  if [[ $outcome == done ]]; then
    [[ $status == 0 ]] || { cat "$FIXTURE_DIR/err"; echo "FAILED: $name: status $status"; return 1; }
    completed=$((completed + 1))
  else
    [[ $status == [34] ]] || { cat "$FIXTURE_DIR/err"; echo "FAILED: $name: status $status"; return 1; }
    grep -q '^error: ' "$FIXTURE_DIR/err"
    refused=$((refused + 1))
    tag_is "$old"
    faulty_script '[]'
    in_workspace "$CULLET" push --force app "$FAULTY/$repository:1.0.0" >/dev/null 2>&1
  fi
  tag_is "$new"
}

registry_start
faulty_proxy "$REGISTRY_URL"
blobs='/blobs/' manifests='PUT .*/manifests/'

# --- without trouble: a build, too, puts its tag when all else is there ---
faulty_script '[]'
faulty_forget
in_workspace "$CULLET" build app --push "$FAULTY/built:1.0.0" >/dev/null 2>&1
faulty_settle
jq -r 'select(.method == "PUT") | .path' "$FAULTY_LOG" >"$FIXTURE_DIR/put"
same "$(tail -1 "$FIXTURE_DIR/put")" /v2/built/manifests/1.0.0 'the tag is the last that a build puts'
same "$(grep -c '/manifests/sha256-.*\.sig' "$FIXTURE_DIR/put")" 1 'and signatures are among the rest'

# --- passing trouble: the push completes ---
for status in 500 502 503 429; do
  faulty "$status, twice, everywhere" done '.*' 1 2 "{\"status\": $status}"
done
faulty '429 with Retry-After in seconds' done "$blobs" 0 1 '{"status": 429, "retry_after": 1}'
faulty '429 with Retry-After as a date' done "$manifests" 0 1 '{"status": 429, "retry_after_date": 1}'
faulty 'a reset in the middle of a blob' done 'P[A-Z]+ .*/blobs/uploads/.+' 0 1 '{"reset_upload": 100000}'
faulty 'a lost answer to a blob' done 'PUT .*/blobs/uploads/' 0 1 '{"lose": true}'
faulty 'a lost answer to a manifest' done "$manifests" 0 1 '{"lose": true}'
faulty 'a lost answer to the tag' done 'PUT .*/manifests/1.0.0' 0 1 '{"lose": true}'
faulty 'an answer before the body was read' done 'P[A-Z]+ .*/blobs/uploads/.+' 0 1 '{"status": 503, "unread": true}'
faulty 'a slow trickle' done '.*' 0 3 '{"trickle": {"bytes": 20, "seconds": 0.02}}'

# --- lasting trouble: the old tag stands ---
faulty '500 to every blob' fails 'P[A-Z]+ .*/blobs/' 0 1000 '{"status": 500}'
faulty '502 to every manifest' fails "$manifests" 0 1000 '{"status": 502}'
faulty '500 to the tag alone' fails 'PUT .*/manifests/1.0.0' 0 1000 '{"status": 500}'
faulty '429 for ever' fails "$blobs" 0 1000 '{"status": 429, "retry_after": 0}'
faulty 'a reset of every upload' fails 'P[A-Z]+ .*/blobs/uploads/.+' 0 1000 '{"reset_upload": 1000}'
faulty 'no room' fails 'P[A-Z]+ .*/blobs/uploads/' 0 1000 '{"status": 507}'
faulty 'signatures alone are refused' fails "PUT .*/manifests/sha256" 1 1000 '{"status": 403}'

# --- other bytes than asked for, and fewer: from the registry to a layout ---
source_app=$FAULTY/app1:1.0.0
layout=$FIXTURE_DIR/pulled
pull() { in_workspace "$CULLET" push --force "$source_app" "oci:$layout/app:1.0.0"; }
in_workspace "$CULLET" push "oci:$FIXTURE_DIR/old/app:1.0.0" "oci:$layout/app:1.0.0" >/dev/null
for fault in '"corrupt": 100' '"truncate": 100' '"reset": 100'; do
  faulty_script "[{\"match\": \"GET .*/blobs/\", \"action\": {$fault}}]"
  status=0
  pull >/dev/null 2>"$FIXTURE_DIR/err" || status=$?
  [[ $status == [34] ]] || { cat "$FIXTURE_DIR/err"; echo "FAILED: $fault: status $status"; exit 1; }
  same "$(skopeo_do inspect "oci:$layout/app:1.0.0" | jq -r .Digest)" "$old" "pulling with $fault leaves the old tag"
  layout_whole "$layout/app" >/dev/null
  faulty_script "[{\"match\": \"GET .*/blobs/\", \"times\": 1, \"action\": {$fault}}]"
done
faulty_script '[]'
pull >/dev/null
same "$(skopeo_do inspect "oci:$layout/app:1.0.0" | jq -r .Digest)" "$new" 'and without faults it moves'
registry_stop

# --- a token that expires in the middle of a push ---
registry_start token
faulty_proxy "$REGISTRY_URL"
mkdir -p "$HOME/.docker"
login=$(printf '%s:%s' "$REGISTRY_USER" "$REGISTRY_PASSWORD" | base64 --wrap=0)
jq --null-input --arg faulty "$FAULTY" --arg registry "$REGISTRY" --arg auth "$login" \
  '{auths: {($faulty): {auth: $auth}, ($registry): {auth: $auth}}}' >"$HOME/.docker/config.json"
skopeo_do() { _containers_environment env REGISTRY_AUTH_FILE="$HOME/.docker/config.json" skopeo "$@"; }
expired="{\"status\": 401, \"headers\": {\"WWW-Authenticate\":
  \"Bearer realm=\\\"$TOKEN_SERVER_REALM\\\",service=\\\"cullet-tests\\\",error=\\\"invalid_token\\\"\"}}"
faulty 'a token that expires before a blob' done 'PUT .*/blobs/uploads/' 0 1 "$expired"
faulty 'a token that expires before the manifest' done "$manifests" 0 1 "$expired"
faulty 'a token that expires before the tag' done 'PUT .*/manifests/1.0.0' 0 1 "$expired"
faulty 'a token that is never accepted' fails "$manifests" 0 1000 "$expired"
echo "completed under faults: $completed; refused with the old tag standing: $refused"
((completed == 15 && refused == 8))
