#!/usr/bin/env bash
# A fork in git, built, imaged, tested, signed: once, again with nothing to do, and after changes.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting

in_workspace "$CULLET" build greeting --json >"$FIXTURE_DIR/first.json"
digest=$(jq -r .image.digest "$FIXTURE_DIR/first.json")
same "$digest" "$(digest_of greeting)" 'the digest that --json names is in the registry'
same "$(jq -r .recipe "$FIXTURE_DIR/first.json")" greeting 'the record names the recipe'
in_workspace "$CULLET" verify greeting >/dev/null
echo 'ok: verify accepts it'

# Nothing to do: no passphrase is needed, and nothing is run.
(unset CULLET_PASSPHRASE
 in_workspace "$CULLET" build greeting --json --offline </dev/null >"$FIXTURE_DIR/second.json")
same "$(jq -r .image.digest "$FIXTURE_DIR/second.json")" "$digest" 'the same digest again'
same "$(jq -r '[.components[].cached] | all' "$FIXTURE_DIR/second.json")" true 'all is cached'

# Early cutoff: a change that changes no result rebuilds nothing above it.
printf '# %s\n' "$SRANDOM" >>"$FORK_REPOSITORY/README"
git_do add --all && git_do commit --quiet --message='second' && fork_pin greeting
in_workspace "$CULLET" plan greeting >"$FIXTURE_DIR/plan"
grep -q '^build  source greeting: changed: pin' "$FIXTURE_DIR/plan"
echo 'ok: plan names the input that changed'
in_workspace "$CULLET" build greeting --json >"$FIXTURE_DIR/third.json" 2>"$FIXTURE_DIR/third.err"
if grep -q 'layer greeting: greeting' "$FIXTURE_DIR/third.err"; then
  echo 'FAILED: the layer was packed again though its tree is the same'
  exit 1
fi
echo 'ok: an equal component keeps its layer'

# What is in the image.
in_workspace "$CULLET" ls greeting >"$FIXTURE_DIR/ls"
grep -qE '^-rwxr-xr-x 0:0 [0-9]+ bin/hello$' "$FIXTURE_DIR/ls"
in_workspace "$CULLET" cat greeting /bin/hello >"$FIXTURE_DIR/hello"
same "$(chmod +x "$FIXTURE_DIR/hello" && "$FIXTURE_DIR/hello")" 'hello from greeting' 'cat gives the file'

# A patch changes only what it changes, and not `created`.
created=$(in_workspace skopeo inspect --config oci:.cullet/registry/greeting:1.0.0 | jq -r .created)
sed 's/hello from/hello, patched,/' "$FORK_REPOSITORY/hello.c" >"$FIXTURE_DIR/hello.c"
mkdir -p "$WORKSPACE/forks/greeting"
diff -u --label a/hello.c --label b/hello.c "$FORK_REPOSITORY/hello.c" "$FIXTURE_DIR/hello.c" \
  >"$WORKSPACE/forks/greeting/fix.patch" || true
cat >>"$WORKSPACE/forks/greeting.yaml" <<'END'
patches:
  - file: greeting/fix.patch
    fixes: [CVE-2024-0001]
    reason: the greeting is wrong
    added: 2024-06-01
END
before=$(digest_of greeting)
in_workspace "$CULLET" build greeting >/dev/null
same "$(in_workspace skopeo inspect --config oci:.cullet/registry/greeting:1.0.0-bg.1 | jq -r .created)" \
  "$created" 'a patch leaves `created` as it is'
expect 3 '' "$CULLET" diff "oci:$WORKSPACE/.cullet/registry/greeting@$before" greeting
same "$(grep -E '^(added|removed|changed) ' "$FIXTURE_DIR/out" | cut -d: -f1)" 'changed  bin/hello' \
  'diff names the one file that changed'
