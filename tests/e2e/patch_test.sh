#!/usr/bin/env bash
# Patches: added, picked, listed, edited in a checkout, built before they are saved, expired, dropped;
# and bad input, which leaves the workspace as it was to the byte.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
cd "$FIXTURE_DIR"
git config --file "$HOME/.gitconfig" user.name 'On Call'
git config --file "$HOME/.gitconfig" user.email oncall@example.com
fork=$WORKSPACE/forks/greeting.yaml
sed -i '1i # the greeting of the house' "$fork"
c() { in_workspace "$CULLET" "$@"; }
state() { (cd "$WORKSPACE" && find forks recipes cullet.yaml -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum; }
# refused STATUS TEXT COMMAND...: expect(), and nothing in the workspace has changed.
refused() {
  local before
  before=$(state)
  expect "$@"
  same "$(state)" "$before" '  and the workspace is as it was' >/dev/null
}
sandboxed() { c shell greeting -- cat hello.c; }

# --- add ---
cat >fix.patch <<'END'
--- a/hello.c
+++ b/hello.c
@@ -1,2 +1,2 @@
 #include <stdio.h>
-int main(void) { puts("hello from greeting"); return 0; }
+int main(void) { puts("hello again"); return 0; }
END
add=("$CULLET" patch add greeting "$FIXTURE_DIR/fix.patch")
expires=$(date -u -d '+30 days' +%F)
same "$(c patch add greeting "$FIXTURE_DIR/fix.patch" --fixes CVE-2026-0001,CVE-2026-0002 --reason 'it greets: wrongly' --expires "$expires")" \
  forks/greeting/fix.patch 'a patch is added'
cmp "$WORKSPACE/forks/greeting/fix.patch" fix.patch
head -n 1 "$fork" | grep -qx '# the greeting of the house'
c patch list --json >list.json
same "$(jq -r '.patches[0] | [.name, .by, .reason, .days_left, .expired, (.fixes | join(" "))] | map(tostring) | join("|")' list.json)" \
  'greeting/fix.patch|On Call <oncall@example.com>|it greets: wrongly|30|false|CVE-2026-0001 CVE-2026-0002' 'who, why, until when'
same "$(jq -r '.patches[0].sha256' list.json)" "$(sha256sum <fix.patch | cut -d' ' -f1)" 'its digest'
cmp <(c patch show greeting fix) fix.patch
sandboxed | grep -q 'hello again'
echo 'ok: it is in the source'
printf -- '--- /dev/null\n+++ b/latin\n@@ -0,0 +1 @@\n+caf\xe9\n' >latin.patch
c patch add greeting "$FIXTURE_DIR/latin.patch" --reason 'a name of old' >/dev/null
cmp <(c patch show greeting latin --json | jq -r 'select(.encoding == "base64").text' | base64 -d) latin.patch
same "$(c patch show greeting fix --json | jq -r '.encoding, .text')" "utf-8
$(<fix.patch)" 'a record says whether a patch is UTF-8, and has every byte either way'
c patch drop greeting latin >/dev/null

# --- a pin that has several of the patches ---
for name in first second; do
  printf -- '--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+%s\n' "$name" "$name" >"$name.patch"
  c patch add greeting "$FIXTURE_DIR/$name.patch" --reason 'upstream has no release yet' >/dev/null
  echo "$name" >"$FORK_REPOSITORY/$name"
done
at=$(git_do rev-parse HEAD)
git_do add first second && git_do commit --quiet --message='both'
sed -i "s/$at/$(git_do rev-parse HEAD)/" "$fork"
refused 1 'first.patch is already applied in greeting' "$CULLET" build greeting
grep -q 'cullet patch drop greeting greeting/first.patch' "$FIXTURE_DIR/err"
cp "$fork" moved.yaml
expect 0 'the rest applies no more than before: patch greeting/first.patch' "$CULLET" patch drop greeting second
expect 0 '' "$CULLET" patch drop greeting first
same "$(c patch list greeting --json | jq -c '[.patches[].name]')" '["greeting/fix.patch"]' 'they are dropped one by one'
cp moved.yaml "$fork" && cp first.patch second.patch "$WORKSPACE/forks/greeting"
same "$(c patch drop greeting first second)" 'dropped greeting/first.patch
dropped greeting/second.patch' 'and together'
git_do reset --quiet --hard "$at"
sed -Ei "s/\b[0-9a-f]{40}\b/$at/" "$fork"

# --- bad input ---
reason=(--reason 'a test')
refused 1 "has a patch 'greeting/fix.patch' already" "${add[@]}" "${reason[@]}"
refused 1 'is already applied in greeting 1.0.0' "${add[@]}" "${reason[@]}" --name twice
sed 's/hello from greeting/hello of another version/; s/hello again/hello there/' fix.patch >other.patch
refused 1 'does not apply to greeting 1.0.0' "$CULLET" patch add greeting "$FIXTURE_DIR/other.patch" "${reason[@]}"
grep -q 'hunk 1 of hello.c' "$FIXTURE_DIR/err"
grep -q 'line 2' "$FIXTURE_DIR/err"
sed 's/hello again/hello yet again/' fix.patch >both.patch
refused 1 'it contradicts greeting/fix.patch' "$CULLET" patch add greeting "$FIXTURE_DIR/both.patch" "${reason[@]}"
: >empty.patch
refused 1 'empty' "$CULLET" patch add greeting "$FIXTURE_DIR/empty.patch" "${reason[@]}"
printf -- '--- a/../../x\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n' >outside.patch
refused 1 'outside.patch' "$CULLET" patch add greeting "$FIXTURE_DIR/outside.patch" "${reason[@]}"
refused 1 "did you mean 'greeting'?" "$CULLET" patch add greetnig "$FIXTURE_DIR/fix.patch" "${reason[@]}"
refused 2 "'tomorrow' is no date" "${add[@]}" "${reason[@]}" --name n --expires tomorrow
refused 2 "'2026-02-30' is no date" "${add[@]}" "${reason[@]}" --name n --expires 2026-02-30
refused 2 '2020-01-01 is in the past' "${add[@]}" "${reason[@]}" --name n --expires 2020-01-01
refused 2 'needs a reason' "${add[@]}" --name n
refused 2 "can't be a patch's name" "${add[@]}" "${reason[@]}" --name ../n
refused 1 "have no commit 'abcdef1'" "$CULLET" patch add greeting --pick abcdef1 "${reason[@]}"
refused 2 'there is no --pick' "${add[@]}" "${reason[@]}" --name n --mainline 1
refused 2 'from --pick COMMIT' "$CULLET" patch add greeting "${reason[@]}"
refused 1 "has no patch 'fxi'" "$CULLET" patch drop greeting fxi
refused 1 'absent.patch' "$CULLET" patch add greeting "$FIXTURE_DIR/absent.patch" "${reason[@]}"

# A patch file that somebody changes is not built.
printf '\n' >>"$WORKSPACE/forks/greeting/fix.patch"
expect 3 'is not the one that forks/greeting.yaml' "$CULLET" shell greeting -- true
expect 3 'is not the one that forks/greeting.yaml' "$CULLET" plan greeting
expect 3 'is not the one that forks/greeting.yaml' "$CULLET" build greeting
cp fix.patch "$WORKSPACE/forks/greeting/fix.patch"

# --- pick, from upstream's history ---
printf 'all: hello\nhello: hello.c ; $(CC) -static -O2 -g -o $@ hello.c\ninstall: ; install -D hello $(DESTDIR)/bin/hello\n' >"$FORK_REPOSITORY/Makefile"
git_do commit --quiet --all --message='build with symbols'
picked=$(git_do rev-parse HEAD)
printf '/* new */\n' | cat - "$FORK_REPOSITORY/hello.c" >new.c && sed -i 's/from/of/' new.c && cp new.c "$FORK_REPOSITORY/hello.c"
git_do commit --quiet --all --message='contradict'
c patch add greeting --pick "${picked:0:10}" --reason 'we want symbols' --by Someone
same "$(c patch list greeting --json | jq -r '.patches[1] | .name + " " + .picked[0] + " " + .by')" \
  "greeting/build-with-symbols.patch $picked Someone" 'a commit is picked'
c shell greeting -- grep -q -e -g Makefile
refused 1 'hello.c, line' "$CULLET" patch add greeting --pick "$(git_do rev-parse HEAD)" "${reason[@]}"
refused 1 'has the change already' "$CULLET" patch add greeting --pick "$picked" "${reason[@]}" --name again

# --- from standard input; a merge, seen from one parent; a history that is cut off ---
refused 1 'contradicts greeting/fix.patch' "$CULLET" patch add greeting - "${reason[@]}" <both.patch
printf -- '--- /dev/null\n+++ b/THANKS\n@@ -0,0 +1 @@\n+all of you\n' |
  c patch add greeting - --fixes CVE-2026-0042 --reason 'we are polite' --json >added.json
same "$(jq -r '"\(.name) \(.origin) \(.fixes[0])"' added.json)" 'greeting/CVE-2026-0042.patch file CVE-2026-0042' \
  'a patch from standard input is called after what it fixes'
c patch show greeting CVE-2026-0042 --json | holds '.text | contains("all of you")'
c patch drop greeting CVE-2026-0042 --json | holds '.dropped == ["greeting/CVE-2026-0042.patch"]'
refused 1 'empty' "$CULLET" patch add greeting - "${reason[@]}" </dev/null

git_do checkout --quiet -b side HEAD~
echo 'a side' >"$FORK_REPOSITORY/SIDE" && git_do add SIDE && git_do commit --quiet --message='a side'
git_do checkout --quiet main && git_do merge --quiet --no-ff --message='merge' side
merge=$(git_do rev-parse HEAD)
refused 1 'is a merge' "$CULLET" patch add greeting --pick "$merge" "${reason[@]}"
grep -qF "parent 2 is $(git_do rev-parse side)" "$FIXTURE_DIR/err"
grep -q -e '--mainline 1' "$FIXTURE_DIR/err"
refused 1 'has no parent 3' "$CULLET" patch add greeting --pick "$merge" --mainline 3 "${reason[@]}"
refused 2 '--mainline' "$CULLET" patch add greeting --pick "$merge" --mainline 0 "${reason[@]}"
c patch add greeting --pick "$merge" --mainline 1 "${reason[@]}" >/dev/null
c shell greeting -- sh -c 'grep -q "a side" SIDE && ! grep -q "/. new ./" hello.c'
c patch drop greeting merge >/dev/null
echo 'ok: a merge is picked as it is seen from its first parent'

git clone --quiet --bare --depth 1 "file://$FORK_REPOSITORY" "$FIXTURE_DIR/shallow.git"
printf 'upstream: %s\nurl: %s\npin: { commit: %s }\n' "file://$FIXTURE_DIR/shallow.git" "file://$FIXTURE_DIR/shallow.git" "$merge" \
  >"$WORKSPACE/forks/cut.yaml"
refused 1 'is a shallow clone: its history is cut off' "$CULLET" patch add cut --pick "$merge" --mainline 1 "${reason[@]}"
grep -q 'fetch --unshallow' "$FIXTURE_DIR/err"
rm "$WORKSPACE/forks/cut.yaml"

# --- edit, in a checkout ---
checkout=$(c patch edit greeting)
edit_git() { git -C "$checkout" -c user.name=E -c user.email=e@example.com "$@"; }
same "$(edit_git log --format=%s --reverse | tail -n +2 | paste -sd' ')" 'greeting/fix.patch greeting/build-with-symbols.patch' 'a commit per patch'
same "$(edit_git status --porcelain)x" x 'and nothing to commit'
same "$(c patch edit greeting)" "$checkout" 'asked again, the same checkout'
same "$(c patch save greeting)" 'nothing has changed' 'nothing to save'
refused 2 '--reason is about a new patch' "$CULLET" patch save greeting "${reason[@]}"
before=$(state)
sed -i 's/hello again/hello, edited/' "$checkout/hello.c"
refused 1 'has changes that are not saved' "$CULLET" patch edit greeting
refused 2 'it needs a reason' "$CULLET" patch save greeting
touch "$checkout/new.h"
refused 1 'git does not track every file' "$CULLET" patch save greeting "${reason[@]}"
grep -q 'new.h' "$FIXTURE_DIR/err"
rm "$checkout/new.h"
same "$(state)" "$before" 'nothing of it is in the workspace yet'

# --- build what stands there ---
c build greeting --json >release.json 2>/dev/null
release=$(jq -r .image.digest release.json)
release_tag=$(jq -r '.image.tags[0]' release.json)
c build greeting --with-edits --json >edits.json 2>err.txt || { cat err.txt; exit 1; }
tag=1.0.0-edits
jq -r .image.reference edits.json | grep -q ":$tag\$"
index=$WORKSPACE/.cullet/registry/greeting
same "$(jq -r --arg tag "$release_tag" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$index/index.json")" \
  "$release" "the release's tag has not moved"
manifest=$index/blobs/sha256/$(jq -r '.image.digest | ltrimstr("sha256:")' edits.json)
same "$(jq -r '.annotations["org.cullet.edits"]' "$manifest")" greeting 'the image says that it is not for release'
c shell greeting -- grep -q 'hello again' hello.c
echo 'ok: without --with-edits the edits are not there'
expect 3 "cannot sign" "$CULLET" sign "greeting:$tag"
expect 3 'cannot push' "$CULLET" push "greeting:$tag" "oci:$FIXTURE_DIR/pushed:1.0.0"
c inputs export "greeting:$tag" "$FIXTURE_DIR/edits.tar" >/dev/null 2>&1
expect 3 'cannot import' "$CULLET" inputs import "$FIXTURE_DIR/edits.tar" --to "oci:$FIXTURE_DIR/pushed:1.0.0"
[[ ! -e $FIXTURE_DIR/pushed ]]
c inputs import "$FIXTURE_DIR/edits.tar" --to "oci:$FIXTURE_DIR/imported" >/dev/null 2>&1
expect 3 '' "$CULLET" verify "greeting:$tag" --key keys/release.pub
expect 2 'never signed' "$CULLET" build greeting --with-edits --push "oci:$FIXTURE_DIR/pushed:x-edits"
expect 2 'not for release' "$CULLET" build greeting --with-edits --no-sign --push "oci:$FIXTURE_DIR/pushed:1.0.0"
c build greeting --with-edits --no-sign --push "oci:$FIXTURE_DIR/pushed:x-edits" >/dev/null

# --- save ---
edit_git commit --quiet --all --fixup=HEAD~1
edit_git -c sequence.editor=true rebase --quiet --interactive --autosquash HEAD~3
printf 'one more\n' >"$checkout/NOTES" && edit_git add NOTES
git -C "$checkout" stash --quiet --include-untracked
for words in '--fixes CVE-2026-0003' '--reason words' "--expires $expires" '--name words' '--by me'; do
  # shellcheck disable=SC2086 # an option and its value
  refused 2 "${words%% *} is about a new patch" "$CULLET" patch save greeting $words
done
git -C "$checkout" stash pop --quiet
symbols=$(sha256sum <"$WORKSPACE/forks/greeting/build-with-symbols.patch")
c patch save greeting --reason 'a note' --fixes CVE-2026-0003 --name notes >save.txt
same "$(paste -sd' ' save.txt)" 'changed greeting/fix.2.patch added greeting/notes.patch' 'saved'
[[ ! -e $checkout && ! -e $WORKSPACE/forks/greeting/fix.patch ]]
same "$(sha256sum <"$WORKSPACE/forks/greeting/build-with-symbols.patch")" "$symbols" 'a patch that did not change is as it was'
c shell greeting -- sh -c 'grep -q "hello, edited" hello.c && grep -q "one more" NOTES'
c patch list --json | holds '[.patches[].name] == ["greeting/fix.2.patch", "greeting/build-with-symbols.patch", "greeting/notes.patch"]
  and .patches[0].by == "On Call <oncall@example.com>" and .patches[0].reason == "it greets: wrongly"'

checkout=$(c patch edit greeting)
edit_git reset --quiet --hard HEAD~1
same "$(c patch save greeting)" 'dropped greeting/notes.patch' 'a commit that is gone is a patch dropped'
checkout=$(c patch edit greeting)
echo x >>"$checkout/hello.c"
c patch edit greeting --abort >/dev/null
[[ ! -e $checkout ]]
echo 'ok: --abort throws it away'
# What stops it midway must not leave half a checkout, which would pass for edits that delete files.
if ((EUID == 0)); then
  enter=(unshare --mount)
else
  enter=(unshare --user --map-root-user --mount)
fi
if "${enter[@]}" sh -c 'mount -t tmpfs none /mnt' 2>/dev/null; then
  mkdir "$(c patch edit greeting)/busy"
  # shellcheck disable=SC2016 # all of it is the inner shell's
  expect 4 'busy' "${enter[@]}" sh -c 'mount -t tmpfs none "$1/busy" && exec "$2" patch edit greeting --abort' sh "$checkout" "$CULLET"
  refused 1 'there is no checkout' "$CULLET" patch save greeting
  c patch edit greeting >/dev/null
  same "$(ls -A "$WORKSPACE/.cullet/edit")" greeting 'the next one removes what is left'
  c patch edit greeting --abort >/dev/null
else
  echo 'skipped: nothing can be mounted here, to stop --abort midway'
fi

# --- expiry ---
sed -i "s/expires: $expires/expires: 2020-01-01/; s/added: .*/added: 2019-12-01/" "$fork"
c plan greeting --json 2>err.txt | holds '.warnings[0].patch == "greeting/fix.2.patch" and .warnings[0].expires == "2020-01-01"'
grep -q '^warning: patch greeting/fix.2.patch .* has expired' err.txt
c build greeting --json 2>err.txt | holds '.warnings | length == 1'
grep -q '^warning: ' err.txt
expect 3 '1 patch has expired' "$CULLET" build greeting --strict
expect 3 '1 patch has expired' "$CULLET" plan greeting --strict
c patch list | grep -q 'EXPIRED'

# --- drop ---
c patch drop greeting build-with-symbols >/dev/null
c patch drop greeting fix.2 >/dev/null
same "$(c patch list --json | jq -c .patches)" '[]' 'all dropped'
same "$(find "$WORKSPACE/forks/greeting" -type f | wc -l)" 0 'with their files'
same "$(head -n 1 "$fork")" '# the greeting of the house' 'the comment still stands'
sandboxed | grep -q 'hello from greeting'

# --- a patch file that somebody works in is not thrown away with its line ---
c patch add greeting "$FIXTURE_DIR/fix.patch" "${reason[@]}" >/dev/null
echo 'unsaved work' >>"$WORKSPACE/forks/greeting/fix.patch"
c patch drop greeting fix 2>err.txt >/dev/null
grep -q '^note: forks/greeting/fix.patch stays' err.txt
grep -q 'unsaved work' "$WORKSPACE/forks/greeting/fix.patch"
rm "$WORKSPACE/forks/greeting/fix.patch"
echo 'ok: a patch file that was changed outlives its line'

# --- killed at any instant, the workspace is whole ---
for delay in 0 0.01 0.02 0.04 0.06 0.08 0.1 0.15 0.2 0.3; do
  in_workspace timeout --signal=KILL "$(awk "BEGIN { print $delay + 0.001 }")" "$CULLET" patch add greeting "$FIXTURE_DIR/fix.patch" "${reason[@]}" >/dev/null 2>&1 || true
  count=$(c patch list --json | jq '.patches | length')
  c shell greeting -- true || { echo "FAILED: broken after a kill at $delay s"; exit 1; }
  [[ $count == 0 ]] || c patch drop greeting fix >/dev/null
done
c patch add greeting "$FIXTURE_DIR/fix.patch" "${reason[@]}" >/dev/null
echo 'ok: killed while adding, and added afterwards'
