#!/usr/bin/env bash
# Candidates of `cullet upstream build`: each difference that can be forbidden, an import with patches,
# an upstream over ssh, rules that match nothing, servers that hang, and a run that is killed.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
source "$(dirname "$0")/upstream.sh"
try() { in_workspace "$CULLET" upstream build "$@" --json 2>"$FIXTURE_DIR/err" >"$FIXTURE_DIR/json"; }
said() { jq -r "$1" "$FIXTURE_DIR/json"; }

# An image with two libraries, a file that goes with a release, and a licence.
upstream_new one
cat >"$FORK_REPOSITORY/Makefile" <<'END_MAKE'
LIBS = libone.so.1 libtwo.so.1
all: $(LIBS)
lib%.so.1: %.c ; $(CC) -shared -fPIC -nostdlib -Wl,-soname,$@ -o $@ $<
install: ; install -D -t $(DESTDIR)/usr/lib $(LIBS) && install -D -m 644 -t $(DESTDIR)/usr/share/one LICENSE $(wildcard *.txt)
END_MAKE
printf 'int one(void) { return 1; }\nint uno(void) { return 1; }\n' >"$FORK_REPOSITORY/one.c"
printf 'int two(void) { return 2; }\n' >"$FORK_REPOSITORY/two.c"
echo 'Do as you please.' >"$FORK_REPOSITORY/LICENSE"
echo 'a table' >"$FORK_REPOSITORY/table.txt"
git_do rm --quiet --cached hello.c && rm "$FORK_REPOSITORY/hello.c"
git_do add --all && git_do commit --quiet --amend --message=first && git_do tag --force v1.0.0 >/dev/null
publish one
follow one "$FAULTY_URL/one.git"
cat >"$WORKSPACE/recipes/one.yaml" <<'END_RECIPE'
fork: one
environment: c
steps:
  - run: make CC=gcc && make install DESTDIR="$OUT"
image:
  contents: [one]
END_RECIPE
in_workspace "$CULLET" build one --no-sign >/dev/null 2>&1
workspace_commit 'a workspace'

expect 2 'removed-files' "$CULLET" upstream build one --forbid everything
expect 2 '--timeout' "$CULLET" upstream --timeout 0
# forbids WHAT TEXT: only with --forbid WHAT is what upstream has now refused, because of that.
forbids() {
  try one || { cat "$FIXTURE_DIR/err"; return 1; }
  same "$(said .forks.one.outcome)" good "$1 is not forbidden"
  expect 3 '' "$CULLET" upstream build one --forbid "$1" --report report.md
  grep -qF "$2" <(tr -d '\\' <"$WORKSPACE/report.md") || { cat "$WORKSPACE/report.md"; return 1; }
  grep -qF "  $2" "$FIXTURE_DIR/out" || { cat "$FIXTURE_DIR/out"; return 1; }
  rm "$WORKSPACE/report.md"
  try one --forbid "$1" --write && return 1
  same "$(said '.forks.one | "\(.outcome) \(.written)"')" 'forbidden false' "  and it is, with --forbid $1"
  unchanged '  nothing is written'
}
rm "$FORK_REPOSITORY/table.txt" && release one v1.1.0
forbids removed-files 'one: /usr/share/one/table.txt is removed'
try one --forbid removed-libraries,removed-symbols,licences
same "$(said .forks.one.outcome)" good 'the others are not meant'
echo 'a table' >"$FORK_REPOSITORY/table.txt"
sed -i '/uno/d' "$FORK_REPOSITORY/one.c" && release one v1.2.0
forbids removed-symbols 'one: libone.so.1 loses 1 symbols'
printf 'int uno(void) { return 1; }\n' >>"$FORK_REPOSITORY/one.c"
sed -i 's/ libtwo.so.1//' "$FORK_REPOSITORY/Makefile" && release one v1.3.0
forbids removed-libraries 'one: library libtwo.so.1 is removed'
sed -i 's/libone.so.1$/& libtwo.so.1/' "$FORK_REPOSITORY/Makefile"
echo 'Do as we please.' >"$FORK_REPOSITORY/LICENSE"
echo 'Et cetera.' >"$FORK_REPOSITORY/LICENSE.caf"$'\xe9' && release one v1.4.0
forbids licences 'licence LICENSE of the source differs'
same "$(said '.forks.one.licences | join(" ")')" 'LICENSE LICENSE.caf\xe9' 'a name that is not UTF-8 is told'
expect 3 '' "$CULLET" upstream build one --forbid licences,removed-files --forbid removed-symbols

expect 3 '' "$CULLET" upstream build one --forbid licences --push oci:candidates
grep -q 'nothing of one is pushed' "$FIXTURE_DIR/err"
[[ ! -e $WORKSPACE/candidates ]]

# --- a report that can't be written loses nothing of what was found ---
expect 1 'absent/report.md' "$CULLET" upstream build one --forbid licences --report absent/report.md --json
same "$(jq -r .forks.one.outcome "$FIXTURE_DIR/out")" forbidden 'the record is there, and the error says why the report is not'

# --- wrong input: an error, and the workspace as it was ---
follow one "$FAULTY_URL/one.git" '{ tags: "release-*" }'
workspace_commit 'a rule that matches nothing'
expect 1 "no tag of $FAULTY_URL/one.git matches 'release-*'" "$CULLET" upstream build one --write
unchanged 'nothing is written'
try one --at v1.1.0
same "$(said '.forks.one | "\(.outcome) \(.newest.name)"')" 'good v1.1.0' 'what is asked for by name needs no rule'
follow one "$FAULTY_URL/one.git"
workspace_commit 'and one that does'
expect 1 "have no commit 'v9'" "$CULLET" upstream build one --at v9 --write
faulty_script '[{"match": "GET /one.git", "action": {"delay": 8}}]'
expect 4 'less than 1 KiB/s for 1 s' "$CULLET" upstream build one --timeout 1 --write
faulty_script '[]'
unchanged 'an upstream that hangs changes nothing'

# --- over ssh ---
if git_ssh_available; then
  git_ssh_start
  mkdir -p "$HOME/.ssh" && cp "$GIT_SSH_KNOWN_HOSTS" "$HOME/.ssh/known_hosts"
  follow one "$GIT_SSH_URL$served/one.git"
  same "$(asked '.forks.one | "\(.state) \(.newest.name)"' one)" 'behind v1.4.0' 'an upstream over ssh'
  try one
  same "$(said .forks.one.outcome)" good 'and built from there'
  in_workspace git checkout --quiet -- forks
else
  echo 'skipped: no sshd for an upstream over ssh'
fi

# --- an import, with patches ---
upstream_new two
printf 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n' >"$FORK_REPOSITORY/notes"
git_do add --all && git_do commit --quiet --amend --message=first && git_do tag --force v1.0.0 >/dev/null
publish two
git_do archive --format=tar --prefix=two-1.0.0/ v1.0.0 | gzip -n >"$FIXTURE_DIR/two-1.0.0.tar.gz"
cat >"$WORKSPACE/forks/two.yaml" <<END_FORK
upstream: $FAULTY_URL/two.git
track: { tags: "v*" }
import:
  archive: two-1.0.0.tar.gz
  sha256: $(sha256sum <"$FIXTURE_DIR/two-1.0.0.tar.gz" | cut -d' ' -f1)
  from: ["file://$FIXTURE_DIR/two-1.0.0.tar.gz"]
pin: { commit: $(printf '0%.0s' {1..40}), version: 1.0.0 }
END_FORK
expect 1 'gives commit' "$CULLET" fork sync two
imported=$(sed -n 's/.* gives commit //p' "$FIXTURE_DIR/err")
sed -i "s/commit: 0*/commit: $imported/" "$WORKSPACE/forks/two.yaml"
patch_two() { # NAME SED-COMMAND
  sed "$2" "$FORK_REPOSITORY/notes" | diff -u --label a/notes --label b/notes "$FORK_REPOSITORY/notes" - >"$FIXTURE_DIR/$1.patch" || true
  in_workspace "$CULLET" patch add two "$FIXTURE_DIR/$1.patch" --reason "$1" >/dev/null
}
patch_two first 's/^one$/One/'
patch_two last 's/^ten$/Ten/'
in_workspace "$CULLET" build two --no-sign >/dev/null 2>&1
workspace_commit 'an import'
sed -i 's/^one$/One/' "$FORK_REPOSITORY/notes" && release two v1.1.0
same "$(asked '.forks.two | [.state, .newest.name, (.patches[] | "\(.patch)=\(.fate)")] | join(" ")' two)" \
  'behind v1.1.0 two/first.patch=upstream two/last.patch=applies' 'what becomes of the patches of an import'
try two --report two.md || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(said '.forks.two | "\(.outcome) \(.images[0].recipe)"')" 'good two' 'an import is tried at upstream'"'"'s commit'
grep -q 'first.patch | upstream' <(tr -d '\\' <"$WORKSPACE/two.md")
rm "$WORKSPACE/two.md"
expect 1 'is an import: it can'"'"'t be moved' "$CULLET" upstream build two --write
unchanged 'and its pin is not written'
sed -i 's/^ten$/TEN/' "$FORK_REPOSITORY/notes" && release two v1.2.0
try two && exit 1
same "$(said '.forks.two | "\(.outcome) \(.patches[1].patch) \(.patches[1].conflicts[0].path)"')" \
  'conflict two/last.patch notes' 'what upstream changed otherwise has to be looked at'
sed -i 's/tags: "v/tags: "w/' "$WORKSPACE/forks/two.yaml"
for at in v1.1.0 "$(in_upstream two rev-parse v1.1.0)"; do
  try two --at "$at"
  same "$(said '.forks.two | "\(.outcome) \(.newest.commit)"')" "good $(in_upstream two rev-parse v1.1.0)" 'a release by name'
done
in_workspace git checkout --quiet -- forks

# --- a fork of our own, and a patch that has to be merged ---
upstream_new three
printf 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n' >"$FORK_REPOSITORY/notes"
git_do add --all && git_do commit --quiet --amend --message=first && git_do tag --force v1.0.0 >/dev/null
publish three
git clone --quiet --bare "$FORK_REPOSITORY" "$served/ours.git"
follow three "$FAULTY_URL/three.git"
sed -i "s|^url: .*|url: $FAULTY_URL/ours.git|" "$WORKSPACE/forks/three.yaml"
sed 's/^five$/Five/' "$FORK_REPOSITORY/notes" | diff -u --label a/notes --label b/notes "$FORK_REPOSITORY/notes" - >"$FIXTURE_DIR/five.patch" || true
in_workspace "$CULLET" patch add three "$FIXTURE_DIR/five.patch" --reason 'five is great' >/dev/null
in_workspace "$CULLET" build three --no-sign >/dev/null 2>&1
workspace_commit 'a fork of our own'
sed -i 's/^three$/Three/' "$FORK_REPOSITORY/notes" && release three v1.1.0
try three || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(said '.forks.three | "\(.outcome) \(.patches[0].fate)"')" 'good merged' 'a patch is carried over by a merge'
expect 1 "git push $FAULTY_URL/ours.git" "$CULLET" upstream build three --write
unchanged 'our fork does not have the commit yet: nothing is written'
git -C "$FORK_REPOSITORY" push --quiet "$served/ours.git" v1.1.0:refs/heads/next
try three --write || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(in_workspace git show --no-renames --name-status --format= HEAD | paste -sd ' ' | tr '\t' ' ')" \
  'M forks/three.yaml A forks/three/five.2.patch D forks/three/five.patch' 'now it is, with the patch as it is now'
same "$(in_workspace "$CULLET" shell three -- printf '%s|' '[ -e notes ]' '[a,b]' c)" '[ -e notes ]|[a,b]|c|' 'words in brackets stay whole'
same "$(in_workspace "$CULLET" shell -- three printf '%s|' '[a]')" '[a]|' 'behind the recipe, too'
in_workspace "$CULLET" shell three -- sh -c 'grep -q ^Three$ notes && grep -q ^Five$ notes'
in_workspace "$CULLET" build three --no-sign --json 2>/dev/null | jq -r .image.digest >"$FIXTURE_DIR/built"
same "$(said '.forks.three.images[0].after')" "$(<"$FIXTURE_DIR/built")" 'and what was tried is what is built'
same "$(in_workspace git log -1 --format=%b | grep ^image)" "image three: $(<"$FIXTURE_DIR/built")" 'which the commit says'

# --- the whole way of a fix: picked before upstream has a release, dropped with the release ---
sed -i 's/^eight$/Eight/' "$FORK_REPOSITORY/notes" && git_do commit --quiet --all --message='the fix'
fix=$(git_do rev-parse HEAD)
publish three && git -C "$FORK_REPOSITORY" push --quiet "$served/ours.git" main:refs/heads/next
in_workspace "$CULLET" patch add three --pick "${fix:0:12}" --fixes CVE-2026-0008 --reason 'no release yet' --by Me >/dev/null
in_workspace "$CULLET" affected CVE-2026-0008 --json | holds '[.images[].recipe] == ["three"]'
in_workspace "$CULLET" build --affected-by CVE-2026-0008 --json 2>/dev/null >"$FIXTURE_DIR/json"
same "$(said '.image.tags[0]')" 1.1.0-bg.2 'a picked fix is shipped'
workspace_commit 'CVE-2026-0008'
release three v1.2.0 && git -C "$FORK_REPOSITORY" push --quiet "$served/ours.git" main:refs/heads/next
same "$(asked '.forks.three.patches[] | select(.fate == "upstream") | .commit' three)" "$fix" \
  'the release has it, by that commit'
try three --write || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(in_workspace "$CULLET" patch list three --json | jq -r '[.patches[].name] | join(" ")')" three/five.3.patch \
  'and it is dropped, the other carried on'
unchanged '  in one commit'

# --- two forks that go together, one of which can't be written: the other is not written without it ---
for name in aaa bbb; do
  upstream_new "$name"
  cat >"$WORKSPACE/recipes/$name.yaml" <<END_RECIPE
fork: $name
environment: probe
$([[ $name == aaa ]] || echo 'needs: [aaa]')
steps:
  - run: |
      busybox mkdir -p "\$OUT/share"
      ! busybox grep -q needs-new hello.c || busybox grep -q new-aaa /share/aaa
      busybox cp hello.c "\$OUT/share/$name"
image:
  contents: [$name]
END_RECIPE
done
git clone --quiet --bare "${repositories[aaa]}" "$served/ours-aaa.git"
sed -i "s|^url: .*|url: $FAULTY_URL/ours-aaa.git|" "$WORKSPACE/forks/aaa.yaml"
in_workspace "$CULLET" build aaa bbb --no-sign >/dev/null 2>&1
workspace_commit 'two forks that go together'
echo '/* new-aaa */' >>"${repositories[aaa]}/hello.c" && release aaa v1.1.0
echo '/* needs-new */' >>"${repositories[bbb]}/hello.c" && release bbb v1.1.0
outcomes() { said '[.forks.aaa, .forks.bbb | .outcome, .written] | join(" ")'; }
try aaa bbb
same "$(outcomes)" 'good false good false' 'together they build'
try aaa bbb --write && exit 1
same "$(outcomes) $(said .commit)" 'failed false failed false null' 'without our fork of the one, neither is written'
said '.forks.aaa.error.hints[]' | grep -q 'git push'
unchanged 'and the workspace is as it was'
git -C "${repositories[aaa]}" push --quiet "$served/ours-aaa.git" v1.1.0:refs/heads/next
try aaa bbb --write
same "$(outcomes) $(said .commit)" "good true good true $(in_workspace git rev-parse HEAD)" 'with it, both are'
in_workspace "$CULLET" build aaa bbb --no-sign >/dev/null 2>&1

# --- what is not committed is not swept along ---
echo '# a note' >>"$WORKSPACE/forks/one.yaml"
expect 1 'M forks/one.yaml' "$CULLET" upstream build one --write
expect 0 '' "$CULLET" upstream build one
in_workspace git checkout --quiet -- forks

# --- killed: the workspace is at the old commit or at the new one, and says what is not committed ---
mkdir "$FIXTURE_DIR/bin"
real_git=$(command -v git)
cat >"$FIXTURE_DIR/bin/git" <<END_GIT
#!/bin/sh
# Kills who asks for it, before \$KILL_BEFORE or after \$KILL_AFTER.
[ "\$1" != "\${KILL_BEFORE:-}" ] || { kill -KILL \$PPID; exit 9; }
"$real_git" "\$@"
status=\$?
[ "\$1" != "\${KILL_AFTER:-}" ] || kill -KILL \$PPID
exit \$status
END_GIT
chmod +x "$FIXTURE_DIR/bin/git"
old=$(in_workspace git rev-parse HEAD)
for point in KILL_BEFORE=add KILL_AFTER=add KILL_BEFORE=commit KILL_AFTER=commit; do
  in_workspace env "PATH=$FIXTURE_DIR/bin:$PATH" "$point" "$CULLET" upstream build one --write >/dev/null 2>&1 && exit 1
  in_workspace git fsck --strict >/dev/null 2>&1
  in_workspace "$CULLET" build one --no-sign >/dev/null 2>&1 # whatever stands there can be built
  if [[ $point == KILL_AFTER=commit ]]; then
    same "$(in_workspace git rev-parse HEAD~1)" "$old" "killed, $point: the new commit"
    unchanged '  all of it'
    in_workspace git reset --quiet --hard "$old"
  else
    same "$(in_workspace git rev-parse HEAD)" "$old" "killed, $point: the old commit"
    expect 1 'are not committed' "$CULLET" upstream build one --write
    in_workspace git restore --staged --worktree forks
  fi
done
for delay in 0.05 0.1 0.2 0.3 0.4 0.6; do
  in_workspace timeout --signal=KILL "$delay" "$CULLET" upstream build one --write >/dev/null 2>&1 || true
  in_workspace "$CULLET" build one --no-sign >/dev/null 2>&1 || { echo "FAILED: broken after a kill at $delay s"; exit 1; }
  rm -f "$WORKSPACE/.git/index.lock" # git's own, where it was killed with us
  rm -f "$WORKSPACE"/forks/.tmp-*    # what replace_file() was about to rename
  in_workspace git reset --quiet --hard "$old"
done
try one --write
same "$(said .commit)" "$(in_workspace git rev-parse HEAD)" 'and written afterwards'
unchanged 'all of it'
