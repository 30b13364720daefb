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

# Tests of an image have the user, the group and the home that a container has.
cp "$WORKSPACE/recipes/greeting.yaml" "$FIXTURE_DIR/recipe"
cat >>"$WORKSPACE/recipes/greeting.yaml" <<'END'
    - { run: 'echo "$HOME" "$(busybox id -u):$(busybox id -g)"; exit 1', tools: probe }
  files:
    - { path: tmp, directory: true, mode: "1777" }
END
expect 3 '| / 0:0' "$CULLET" build greeting
cat >>"$WORKSPACE/recipes/greeting.yaml" <<'END'
    - { path: etc/passwd, text: "root:x:0:0::/root:/bin/sh\napp:x:101:102::/home/app:/bin/sh\n" }
END
expect 3 '| /root 0:0' "$CULLET" build greeting
for user in app 101; do
  sed -i "s|config: .*|config: { entrypoint: [/bin/hello], user: $user }|" "$WORKSPACE/recipes/greeting.yaml"
  expect 3 '| /home/app 101:102' "$CULLET" build greeting
done
sed -i 's|config: .*|config: { entrypoint: [/bin/hello], user: app, env: { HOME: /data } }|; s/exit 1/test $HOME = \/data/' \
  "$WORKSPACE/recipes/greeting.yaml"
in_workspace "$CULLET" build greeting >/dev/null 2>&1
echo 'ok: a declared HOME counts'
in_workspace "$CULLET" ls greeting /tmp >"$FIXTURE_DIR/ls"
same "$(<"$FIXTURE_DIR/ls")" 'drwxrwxrwt 0:0 0 tmp' 'ls shows the sticky bit'
cp "$FIXTURE_DIR/recipe" "$WORKSPACE/recipes/greeting.yaml"

# What an image's packages would be on a Debian machine and are not is said when their layer is made.
package=$FIXTURE_DIR/odd
umask 022
mkdir -p "$package/DEBIAN" "$package/root" "$package/usr/bin" && chmod 0700 "$package/root"
printf 'Package: odd\nVersion: 1\nArchitecture: amd64\nMaintainer: Someone <someone@example.com>\nDescription: odd %s\n' \
  "$SRANDOM" >"$package/DEBIAN/control"
printf '#!/bin/sh\n' >"$package/DEBIAN/postinst" && chmod 755 "$package/DEBIAN/postinst"
printf 'su\n' >"$package/usr/bin/su" && chmod 4755 "$package/usr/bin/su"
mkdir -p "$FIXTURE_DIR/mirror/pool/main/o/odd"
deb=pool/main/o/odd/odd_1_amd64.deb
dpkg-deb --root-owner-group --build "$package" "$FIXTURE_DIR/mirror/$deb" >/dev/null
jq --arg path "$deb" --arg sha256 "$(sha256sum <"$FIXTURE_DIR/mirror/$deb" | cut -d' ' -f1)" \
  --argjson size "$(stat -c %s "$FIXTURE_DIR/mirror/$deb")" \
  '.packages["odd=1:amd64"] = {$path, $sha256, $size}
   | .sets["packages bookworm odd"] = {dependencies: true, packages: ["odd=1:amd64"], requested: ["odd"], suite: "bookworm"}' \
  "$WORKSPACE/cullet.lock" >"$FIXTURE_DIR/lock" && cp "$FIXTURE_DIR/lock" "$WORKSPACE/cullet.lock"
printf 'mirrors: ["file://%s"]\n' "$FIXTURE_DIR/mirror" >>"$WORKSPACE/cullet.yaml"
odd() {
  printf 'environment: c\nimage:\n  contents: [{ packages: [odd]%s }]\n  tags: [latest]\n%s\n' "$1" "$2" \
    >"$WORKSPACE/recipes/odd.yaml"
}
odd '' ''
expect 0 'note: odd: packages lose 2 modes: /usr/bin/su 4755 → 0755, /root 0700 → 0755; ' "$CULLET" build odd
grep -q '^note: odd: no maintainer script ran: odd has a postinst; ' "$FIXTURE_DIR/err"
odd ', exclude: [usr/bin/su]' ''
expect 0 'note: odd: packages lose 1 mode: /root 0700 → 0755; ' "$CULLET" build odd
odd '' '  modes: { root: "0700", usr/bin/su: "4755" }'
expect 0 'no maintainer script ran' "$CULLET" build odd
if grep 'packages lose' "$FIXTURE_DIR/err"; then exit 1; fi
in_workspace "$CULLET" ls odd /usr/bin/su | grep -q '^-rwsr-xr-x'
echo 'ok: a declared mode is kept, and not noted'

# An environment without a shell, and a program that none of its packages has.
sed -i 's/^environments:/environments:\n  bare: { debian: bookworm, packages: [odd] }/' "$WORKSPACE/cullet.yaml"
jq '.sets["environment bare"] = .sets["packages bookworm odd"]' "$FIXTURE_DIR/lock" >"$WORKSPACE/cullet.lock"
sed -i 's/^environment: c/environment: bare/' "$WORKSPACE/recipes/greeting.yaml"
expect 1 "environment 'bare' has no /bin/sh, which steps run with" "$CULLET" build greeting
grep -q '^hint: add dash to its packages' "$FIXTURE_DIR/err"
cp "$FIXTURE_DIR/recipe" "$WORKSPACE/recipes/greeting.yaml"
sed -i 's/- run: make CC=gcc/- run: aclocal/' "$WORKSPACE/recipes/greeting.yaml"
expect 5 "name its package in environment 'c'" "$CULLET" build greeting
