#!/usr/bin/env bash
# A workspace that is edited while it is built: what is said and kept of a build is what it was made
# from, and nothing that was made of one text is found under another.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
small_new app
small_store "$FIXTURE_DIR/store" app
recipe=$WORKSPACE/recipes/app.yaml patch=$WORKSPACE/forks/app/p.patch
mkdir -p "$WORKSPACE/forks/app"
patch_says() { printf -- '--- a/numbers\n+++ b/numbers\n@@ -1,2 +1,2 @@\n-1\n+%s\n 2\n' "$1" >"$patch"; }
patch_says good
printf 'patches:\n  - { file: app/p.patch, reason: a test, added: 2026-01-01 }\n' >>"$WORKSPACE/forks/app.yaml"

# waits TEXT: until the build says it.
waits() {
  local i
  for ((i = 0; i < 600; i++)); do
    if grep -q -- "$1" "$FIXTURE_DIR/err"; then return; fi
    sleep 0.1
  done
  cat "$FIXTURE_DIR/err"
  exit 1
}
sleeps() { sed -i 's/^  - run: |/  - run: busybox sleep 3\n&/' "$1"; }

# --- while the steps run: files of every kind ---
sleeps "$recipe"
cp "$recipe" "$FIXTURE_DIR/recipe"
wanted=$(sha256sum <"$recipe" | cut -d' ' -f1)
in_workspace "$CULLET" build app --keep-inputs >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" &
waits 'component app'
echo '# edited' >>"$recipe"
wait $!
named() { # PATH: its digest in the image's provenance
  in_workspace "$CULLET" attestations app --type provenance |
    jq -r --arg path "$1" '(if type == "array" then .[] else . end) | .. | .resolvedDependencies? // empty
      | .[] | select(.name == $path) | .digest.sha256' | sort -u
}
same "$(named recipes/app.yaml)" "$wanted" 'provenance names the recipe that was built'
in_workspace "$CULLET" inputs restore app "$FIXTURE_DIR/restored" --key "$WORKSPACE/keys/attest.pub" >/dev/null 2>&1
same "$(sha256sum <"$FIXTURE_DIR/restored/recipes/app.yaml" | cut -d' ' -f1)" "$wanted" 'and that recipe is kept'
cp "$FIXTURE_DIR/recipe" "$recipe"

# --- while its source waits: a patch ---
small_new slow
sleeps "$WORKSPACE/recipes/slow.yaml"
patch_says better
in_workspace "$CULLET" build --jobs 1 slow app --no-publish >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" &
waits 'component slow'
patch_says worse
status=0
wait $! || status=$?
same "$status" 1 'a patch that was changed meanwhile is refused'
grep -q 'patch app/p.patch was changed during the build' "$FIXTURE_DIR/err"
patch_says better
in_workspace "$CULLET" build app >/dev/null 2>&1
same "$(in_workspace "$CULLET" cat app /share/numbers | head -n 1)" better 'and nothing of it is in the store'
