#!/usr/bin/env bash
# Bad input: each gets its exit status and an error that says what and where, and loses nothing.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
recipe=$WORKSPACE/recipes/greeting.yaml fork=$WORKSPACE/forks/greeting.yaml
cp "$recipe" "$FIXTURE_DIR/recipe" && cp "$fork" "$FIXTURE_DIR/fork"
restore() { cp "$FIXTURE_DIR/recipe" "$recipe" && cp "$FIXTURE_DIR/fork" "$fork"; }
build=("$CULLET" build greeting)
in_workspace "${build[@]}" >/dev/null
good=$(digest_of greeting)

# --- the files a user writes ---
sed -i 's/^steps:/stepz:/' "$recipe"
expect 1 "recipes/greeting.yaml:3:1: " "${build[@]}"
grep -q "did you mean 'steps'" "$FIXTURE_DIR/err"
restore && printf 'fork: greeting\n' >>"$recipe"
expect 1 'recipes/greeting.yaml:' "${build[@]}"
restore && sed -i 's/^environment: c/environment: cc/' "$recipe"
expect 1 "there is no environment 'cc'" "${build[@]}"
restore && sed -i '2a needs: [other]' "$recipe" &&
  sed 's/needs: \[other\]/needs: [greeting]/' "$recipe" >"$WORKSPACE/recipes/other.yaml"
expect 1 'recipes need each other: greeting → other → greeting' "${build[@]}"
rm "$WORKSPACE/recipes/other.yaml"
restore && sed -i 's/^fork: greeting/fork: greetin/' "$recipe"
expect 1 "there is no fork 'greetin'" "${build[@]}"
restore
expect 1 "there is no recipe 'greetign'" "$CULLET" build greetign
expect 2 'cullet COMMAND --help' "$CULLET" biuld
grep -q 'did you mean `cullet build`' "$FIXTURE_DIR/err"
expect 1 "'greetign' is neither a recipe" "$CULLET" ls greetign
grep -q "did you mean 'greeting'" "$FIXTURE_DIR/err"

# --- standard output: what isn't all written is no success, what nobody reads any more is ---
for said in 'ls greeting' 'build greeting --json' 'man'; do
  expect 4 'cannot write everything to standard output' sh -c "\"\$0\" $said >/dev/full" "$CULLET"
done
in_workspace sh -c '"$0" man; echo $? >status' "$CULLET" | head -n 1 >/dev/null
same "$(cat "$WORKSPACE/status")" 0 'a reader that goes is no failure' && rm "$WORKSPACE/status"

# --- the command line ---
expect 2 'there is no such directory' "$CULLET" -C recipes/nowhere plan
expect 2 'come after `build`' "$CULLET" upstream greeting build
expect 2 'come after `build`' "$CULLET" upstream --timeout 1 build

# --- a lock that a merge left half done ---
cp "$WORKSPACE/cullet.lock" "$FIXTURE_DIR/lock"
sed -i '3i <<<<<<< ours' "$WORKSPACE/cullet.lock"
expect 1 'cullet.lock' "$CULLET" plan
grep -q "take one side's file" "$FIXTURE_DIR/err"
in_workspace "$CULLET" lock --update
in_workspace "$CULLET" plan >/dev/null
cp "$FIXTURE_DIR/lock" "$WORKSPACE/cullet.lock"

# --- forks ---
sed -i 's/commit: [0-9a-f]*/commit: 0123456789012345678901234567890123456789/' "$fork"
expect 1 '0123456789' "${build[@]}"
restore && git_do checkout --quiet --detach && git_do commit --quiet --allow-empty --message=dangling
fork_pin greeting && git_do checkout --quiet main
expect 1 'greeting' "${build[@]}"
restore && sed -i "s|^url: .*|url: file://$FIXTURE_DIR/nowhere|; s/commit: [0-9a-f]*/commit: 0123456789012345678901234567890123456789/" "$fork"
expect 1 'nowhere' "${build[@]}"
restore && sed -i "s|^url: .*|url: http://127.0.0.1:1/x.git|; s/commit: [0-9a-f]*/commit: 0123456789012345678901234567890123456789/" "$fork"
expect 4 '127.0.0.1' "${build[@]}"
expect 4 '--offline' "${build[@]}" --offline
restore

# What is known already is known of where it came from alone.
sed -i "s|^url: .*|url: file://$FIXTURE_DIR/nowhere|" "$fork"
expect 1 'nowhere' "${build[@]}"
restore
mkdir "$FIXTURE_DIR/imported" && cp "$FORK_REPOSITORY"/{Makefile,hello.c} "$FIXTURE_DIR/imported"
tar --sort=name --owner=0 --group=0 --mtime=@1700000000 -C "$FIXTURE_DIR" -cf "$WORKSPACE/x.tar" imported
sha256=$(sha256sum <"$WORKSPACE/x.tar" | cut -d' ' -f1)
sed -i "s|^url: .*|import: { archive: x.tar, sha256: $sha256, from: [x.tar] }|" "$fork"
pin=$(in_workspace "$CULLET" fork import greeting --json 2>/dev/null | jq -r .commit)
sed -i "s/commit: [0-9a-f]*/commit: $pin/" "$fork"
in_workspace "${build[@]}" --no-publish >/dev/null
sed -i "s/sha256: $sha256/sha256: ${sha256/%?/$([[ $sha256 == *0 ]] && echo 1 || echo 0)}/" "$fork"
expect 3 'x.tar' "${build[@]}"
rm "$WORKSPACE/x.tar"
restore

# --- patches ---
mkdir -p "$WORKSPACE/forks/greeting"
patch_fork() {
  cat >"$WORKSPACE/forks/greeting/p.patch"
  restore
  cat >>"$fork" <<'END'
patches:
  - { file: greeting/p.patch, reason: a test, added: 2024-06-01 }
END
}
patch_fork <<'END'
--- a/hello.c
+++ b/hello.c
@@ -1,2 +1,2 @@
-#include <nothing.h>
+#include <something.h>
 int main(void) { }
END
expect 1 'does not apply to greeting 1.0.0' "${build[@]}"
grep -q 'hello.c' "$FIXTURE_DIR/err"
grep -qi 'hunk 1' "$FIXTURE_DIR/err"
patch_fork <<'END'
--- a/../../outside
+++ b/../../outside
@@ -0,0 +1 @@
+escaped
END
expect 1 'outside' "${build[@]}"
patch_fork </dev/null
expect 1 'p.patch' "${build[@]}"
restore

# --- steps ---
sed -i 's/- run: make CC=gcc/- run: "echo before; exit 9"/' "$recipe"
expect 5 "step 1 of 2 of 'greeting' failed: exit status 9" "${build[@]}"
grep -q '| before' "$FIXTURE_DIR/err"
grep -q 'cullet shell greeting --failed' "$FIXTURE_DIR/err"
log=$(sed -n 's/^hint: the whole output: //p' "$FIXTURE_DIR/err")
grep -q '^before$' "$log"
in_workspace "$CULLET" shell greeting --failed -- /bin/sh -c 'test -e hello.c && pwd' >"$FIXTURE_DIR/pwd"
same "$(<"$FIXTURE_DIR/pwd")" /build 'shell --failed opens where it stopped'
restore && sed -i 's/- run: make CC=gcc/- { run: sleep 100, timeout: 1s }/' "$recipe"
expect 5 'still running after its timeout of 1 s' "${build[@]}"
restore && sed -i 's/- run: make CC=gcc/- run: "yes"/' "$recipe"
expect 5 'it printed more than 1.0 GiB' "${build[@]}"
restore && sed -i "s|- run: make CC=gcc|- run: bash -c 'exec 3<>/dev/tcp/192.0.2.1/80'|" "$recipe"
expect 5 'Network is unreachable' "${build[@]}"
restore && sed -i 's/- run: make install.*/- run: "true"/' "$recipe"
expect 1 "the steps of 'greeting' installed nothing into \$OUT" "${build[@]}"
restore && sed -i 's/- run: make install.*/- run: mkfifo $OUT\/pipe/' "$recipe"
expect 1 'pipe' "${build[@]}"
restore && sed -i "s|./hello . grep -q hello|./hello \| grep -q goodbye|" "$recipe"
expect 3 "check 1 of 1 of 'greeting' failed" "${build[@]}"

# --- images ---
restore && sed -i 's|- exec: \[/bin/hello\]|- exec: [/bin/nothing]|' "$recipe"
expect 3 "test 1 of 1 of the image 'greeting' failed" "${build[@]}"
restore && cat >>"$recipe" <<'END'
  files: [{ path: /bin/hello, text: "other bytes" }]
END
expect 1 'bin/hello' "${build[@]}"
restore && cat >>"$recipe" <<'END'
  owners: { bin/helo: "1:1" }
END
expect 1 "did you mean 'bin/hello'?" "${build[@]}"
restore

# --- a name that is no fork's, before any request and any file ---
there=$(cd "$FIXTURE_DIR" && find . -path ./store -prune -o -name '*.yaml' -print | sort)
for name in ../../outside "$FIXTURE_DIR/outside" UP a/b .hidden -x ''; do
  expect 2 "'$name' can't be a fork's name" "$CULLET" fork add --commit "$(git_do rev-parse HEAD)" -- "$name" http://127.0.0.1:1/x.git
done
same "$(cd "$FIXTURE_DIR" && find . -path ./store -prune -o -name '*.yaml' -print | sort)" "$there" 'no file was written' >/dev/null

# --- a variable that is to say the version ---
sed -i '2a env: { SAID: "v{version}" }' "$recipe"
# shellcheck disable=SC2016 # the step's shell is meant
expect 0 '' "$CULLET" shell greeting -- sh -c 'test "$SAID" = v1.0.0'
sed -i 's/, version: 1.0.0//' "$fork"
expect 1 'the variable SAID needs a version' "${build[@]}"
restore

# --- a recipe whose fork isn't there yet stands in the way of builds, and of nothing else ---
printf 'fork: later\nenvironment: c\nsteps: [{ run: make }]\n' >"$WORKSPACE/recipes/later.yaml"
git_do tag v9.0 && git_do tag build-20260101
add=("$CULLET" fork add later "file://$FORK_REPOSITORY" --version 9.0 --commit)
expect 1 'cullet fork add later URL --commit' "$CULLET" plan
expect 0 '' "$CULLET" fork list
expect 0 '' "$CULLET" patch list
expect 0 '' env CULLET_PASSPHRASE=secret "$CULLET" key new "$FIXTURE_DIR/later.pem"
expect 2 'git ls-remote URL' "${add[@]}" v9.0
expect 1 'has no commit 1111' "$CULLET" fork add nowhere "file://$FORK_REPOSITORY" --commit 1111111111111111111111111111111111111111
[[ -z $(find "$CULLET_STORE/forks" -name 'nowhere-*.git') ]]
echo 'ok: a fork that is not added leaves no mirror'
expect 0 'it follows the tags v[0-9]*' "${add[@]}" "$(git_do rev-parse HEAD)"
grep -qx "track: { tags: 'v\[0-9\]\*' }" "$WORKSPACE/forks/later.yaml"
same "$(in_workspace "$CULLET" upstream later | head -n 1)" 'later 9.0: current (newest is v9.0)' 'and nothing else'
expect 0 '' "$CULLET" plan later
rm "$WORKSPACE/recipes/later.yaml" "$WORKSPACE/forks/later.yaml"
git_do tag -d v9.0 build-20260101 >/dev/null

# --- options that say nothing beside each other ---
expect 2 '--cyclonedx is about what is attested' "${build[@]}" --no-sign --cyclonedx
expect 2 '--author is about what is attested' "${build[@]}" --no-attest --author Me
expect 2 '--keep-inputs is about what is saved' "${build[@]}" --with-edits --keep-inputs

# --- keys and signatures ---
sed -i 's/1.0.0/1.0.1/' "$fork"
(export CULLET_PASSPHRASE=wrong && expect 1 'the passphrase does not open' "${build[@]}")
# What is wrong with the keys is said before a step runs; where all is made and signed, none is opened.
sed -i 's/- run: make CC=gcc/- run: "false"/' "$recipe"
(export CULLET_PASSPHRASE=wrong && expect 1 'the passphrase does not open' "${build[@]}")
(unset CULLET_PASSPHRASE && expect 1 'the passphrase does not open' "${build[@]}" --passphrase-fd 0 <<<wrong)
expect 5 'step 1 of 2' "${build[@]}"
mv "$WORKSPACE/keys/release.pub" "$FIXTURE_DIR/release.pub"
expect 1 'hint: bring it from where release.pem was made, or build with --no-sign' "${build[@]}"
mv "$WORKSPACE/keys/release.pem" "$FIXTURE_DIR/release.pem"
expect 1 'hint: `cullet key new` makes it, or build with --no-sign' "${build[@]}"
expect 5 'step 1 of 2' "${build[@]}" --no-sign
expect 5 'step 1 of 2' "${build[@]}" --no-publish
restore
expect 1 'hint: `cullet key new` makes it, or name another with --key FILE' "$CULLET" verify greeting
expect 1 'hint: `cullet key new` makes it, or name another with --key FILE' "$CULLET" sign greeting
mv "$FIXTURE_DIR/release.pub" "$WORKSPACE/keys"
(export CULLET_PASSPHRASE=wrong && expect 0 '' "${build[@]}")
mv "$FIXTURE_DIR/release.pem" "$WORKSPACE/keys"
(export CULLET_PASSPHRASE=wrong && expect 0 '' "${build[@]}")
in_workspace "$CULLET" key new keys/other.pem >/dev/null
expect 3 'no signature of' "$CULLET" verify greeting --key keys/other.pub
expect 1 'absent.pub' "$CULLET" verify greeting --attest-key absent.pub
expect 1 'is there already' "$CULLET" key new keys/other.pem
expect 2 'is the public half' "$CULLET" key new keys/both.pub
[[ ! -e $WORKSPACE/keys/both.pub ]]
expect 1 'is the public half' env -C "$WORKSPACE" sh -c 'cp -r . ../named && cd ../named &&
  sed -i "s/key: .*pem/key: keys\/only.pub/" cullet.yaml && exec "$@"' sh "$CULLET" key new
# Whoever makes the same key while this one waits for its passphrase keeps what he has made.
# slow_key STATUS COMMAND: `key new keys/slow.pem` at a terminal, where COMMAND runs at the prompt.
slow_key() {
  same "$(in_workspace env -u CULLET_PASSPHRASE "$PYTHON" "$E2E_ROOT/tests/e2e/terminal.py" \
    wait 'new key: ' quiet run "$2" type one wait 'again: ' quiet type one -- "$CULLET" key new keys/slow.pem 2>"$FIXTURE_DIR/err")" \
    "$1 echo" "a key made at the prompt: $2" || { cat "$FIXTURE_DIR/err"; return 1; }
}
slow_key 1 "CULLET_PASSPHRASE=two '$CULLET' key new keys/slow.pem && cp keys/slow.pem keys/slow.pub '$FIXTURE_DIR'"
grep -q 'slow.pem is there already' "$FIXTURE_DIR/err"
cmp "$FIXTURE_DIR/slow.pem" "$WORKSPACE/keys/slow.pem" && cmp "$FIXTURE_DIR/slow.pub" "$WORKSPACE/keys/slow.pub"
rm "$WORKSPACE"/keys/slow.*
slow_key 1 "echo 'of somebody' >keys/slow.pub"
same "$(cd "$WORKSPACE/keys" && echo slow.*) $(<"$WORKSPACE/keys/slow.pub")" 'slow.pub of somebody' 'no half of a pair is left'
rm "$WORKSPACE/keys/slow.pub"
slow_key 0 true
same "$(cd "$WORKSPACE/keys" && stat -c '%a %n' slow.* | paste -sd ' ')" '600 slow.pem 644 slow.pub' 'a pair'
[[ $(ls -A "$WORKSPACE/keys" | wc -l) == $(ls "$WORKSPACE/keys" | wc -l) ]]
# What kill -9 may leave of a pair, the next run completes.
mv "$WORKSPACE/keys/slow.pub" "$FIXTURE_DIR/slow.pub"
expect 1 'slow.pem' env CULLET_PASSPHRASE=two "$CULLET" key new keys/slow.pem
expect 0 '' env CULLET_PASSPHRASE=one "$CULLET" key new keys/slow.pem
cmp "$FIXTURE_DIR/slow.pub" "$WORKSPACE/keys/slow.pub"
rm "$WORKSPACE"/keys/slow.*
sed -i 's/1.0.0/1.0.1/' "$fork"
cp "$WORKSPACE/keys/release.pub" "$FIXTURE_DIR/release.pub" && cp "$WORKSPACE/keys/other.pub" "$WORKSPACE/keys/release.pub"
expect 1 'keys/release.pem is not the private key of keys/release.pub beside it' "${build[@]}"
cp "$FIXTURE_DIR/release.pub" "$WORKSPACE/keys/release.pub"
restore
sed -i 's/hello/hullo/' "$FORK_REPOSITORY/hello.c"
sed -i 's/1.0.0/1.0.2/' "$fork"
in_workspace "${build[@]}" --no-sign >/dev/null 2>&1
restore

# --- registries ---
expect 4 '127.0.0.1:1' "${build[@]}" --push 127.0.0.1:1/greeting:1.0.0
expect 0 '' "${build[@]}" --push "oci:$FIXTURE_DIR/one:1" --push "oci:$FIXTURE_DIR/two:1"
for place in one two; do
  in_workspace "$CULLET" verify "oci:$FIXTURE_DIR/$place:1" >/dev/null
done

# What would end the command when all is made is told before anything is.
nothing_made() { ! grep '^done' "$FIXTURE_DIR/err"; }
told_first() { sed '/^done/,$d' "$FIXTURE_DIR/err" | grep "$1"; }
sed -i 's/1.0.0/1.0.3/' "$fork"
expect 1 'neither a recipe of this workspace' "${build[@]}" --push 'a place'
nothing_made
expect 2 'is in a registry' "${build[@]}" --push 127.0.0.1:1/greeting --offline
nothing_made
registry_start basic
expect 4 "docker login $REGISTRY" "${build[@]}" --push "$REGISTRY/greeting"
told_first "^warning: .*$REGISTRY"
told_first "^  log in with .docker login $REGISTRY"
registry_stop
sed -i 's/1.0.3/1.0.4/' "$fork"
expect 4 '127.0.0.1:1' "${build[@]}" --push 127.0.0.1:1/greeting
told_first '^warning: .*127.0.0.1:1'
restore
expect 1 "has no tag '9.9.9'" "$CULLET" verify greeting:9.9.9

# --- the store ---
mkdir "$FIXTURE_DIR/newer" && printf 'cullet-store 99\n' >"$FIXTURE_DIR/newer/version"
expect 1 '99' "$CULLET" --store "$FIXTURE_DIR/newer" build greeting

# Nothing of all this has moved the tag, and the store is right.
in_workspace "${build[@]}" --offline >/dev/null
same "$(in_workspace skopeo inspect oci:.cullet/registry/greeting:1.0.0 | jq -r .Digest)" "$good" \
  'the tag still stands'
in_workspace "$CULLET" store check

# A damaged store says so, is mended, and gives the same digest again.
mkdir "$FIXTURE_DIR/damaged"
# Without failed/: overlayfs left a directory there that only root reads.
tar -C "$CULLET_STORE" --exclude=./failed -cf - . | tar -C "$FIXTURE_DIR/damaged" -xpf -
layer=$(in_workspace skopeo inspect --raw oci:.cullet/registry/greeting:1.0.0 | jq -r '.layers[0].digest' | cut -d: -f2)
blob=$FIXTURE_DIR/damaged/blobs/${layer:0:2}/$layer
chmod u+w "$blob" && printf X | dd of="$blob" bs=1 seek=100 conv=notrunc status=none && chmod u-w "$blob"
touch "$FIXTURE_DIR"/damaged/{actions,latest}/stray
expect 3 "$layer" "$CULLET" --store "$FIXTURE_DIR/damaged" store check --repair
grep -q "latest/stray' does not belong to the store" "$FIXTURE_DIR/err"
in_workspace "$CULLET" --store "$FIXTURE_DIR/damaged" store check
rm -rf "$WORKSPACE/.cullet"
expect 1 '`cullet build greeting` makes it' "$CULLET" verify greeting:1.0.0
in_workspace "$CULLET" --store "$FIXTURE_DIR/damaged" build greeting >/dev/null
same "$(in_workspace skopeo inspect oci:.cullet/registry/greeting:1.0.0 | jq -r .Digest)" "$good" \
  'a mended store gives the same digest'

# A full disk: status 4, and nothing half-written.
if mkdir "$FIXTURE_DIR/small" && unshare --mount true 2>/dev/null; then
  full() {
    unshare --mount sh -ec 'mount -t tmpfs -o size=24m none "$1"; shift; "$@"' sh "$FIXTURE_DIR/small" \
      "$CULLET" --store "$FIXTURE_DIR/small/store" build greeting
  }
  expect 4 'No space left on device' full
else
  echo 'skipped: a small file system takes root to mount'
fi
