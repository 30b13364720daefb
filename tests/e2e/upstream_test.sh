#!/usr/bin/env bash
# Following upstream: what is new and how far behind, which patches still apply, with how many
# requests; upstreams that fail, lie and hang; candidates that are built, compared and written.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
source "$(dirname "$0")/upstream.sh"
requests() { faulty_count "$1"; }

for name in one two three; do upstream_new "$name"; done
workspace_commit 'a workspace'

same "$(asked '[.forks[].state] | join(" ")')" 'current current current' 'nothing is new'
faulty_forget
same "$(asked '[.forks[].state] | join(" ")')" 'current current current' 'an unchanged day'
same "$(requests '.')" 3 'it takes one request for each fork'

# A day with news.
in_upstream one commit --quiet --allow-empty --message=between
release one v1.9.0
release one v1.10.0
release one v2.0.0-rc1
same "$(asked '.forks.one | "\(.state) \(.newest.name) \(.newest.version) \(.behind.commits)"' one)" \
  'behind v1.10.0 1.10.0 3' 'tags are ordered as versions, pre-releases left out'
faulty_forget
asked . >/dev/null
same "$(requests '.')" 3 'and what was fetched is not fetched again'
expect 0 '' "$CULLET" upstream
grep -q 'one 1.0.0: behind v1.10.0 by 3 commits' "$FIXTURE_DIR/out"

# Patches: one that upstream has picked, one that it has by the same change, one in conflict, one
# that still applies.
cp "${repositories[two]}/hello.c" "$FIXTURE_DIR/hello.c"
patch_of() { # NAME SED-COMMAND
  mkdir -p "$WORKSPACE/forks/two"
  sed "$2" "$FIXTURE_DIR/hello.c" |
    diff -u --label a/hello.c --label b/hello.c "$FIXTURE_DIR/hello.c" - >"$WORKSPACE/forks/two/$1.patch" || true
}
{ printf '/* first */\n'; for i in {1..8}; do echo "/* $i */"; done; cat "${repositories[two]}/hello.c"; for i in {1..12}; do echo "/* $i */"; done; } \
  >"$FIXTURE_DIR/hello.c"
cp "$FIXTURE_DIR/hello.c" "${repositories[two]}/hello.c"
release two v1.0.1
follow two "$FAULTY_URL/two.git"
sed -i "s/commit: [0-9a-f]*/commit: $(in_upstream two rev-parse v1.0.1)/; s/1\.0\.0/1.0.1/" "$WORKSPACE/forks/two.yaml"
patch_of same 's|/\* first \*/|/* the first */|'
patch_of clash 's|int main(void)|int main(int c)|'
patch_of fine '$s|.*|/* the last */|'
cat >>"$WORKSPACE/forks/two.yaml" <<END
patches:
  # upstream took this one
  - file: two/same.patch
    reason: spelling
  - file: two/clash.patch
    reason: arguments
  - file: two/fine.patch
    reason: the end
END
sed -i 's|/\* first \*/|/* the first */|' "${repositories[two]}/hello.c"
in_upstream two commit --quiet --all --message='the first'
sed -i 's|int main(void)|int main(long c)|' "${repositories[two]}/hello.c"
release two v1.1.0
same "$(asked '[.forks.two.patches[] | "\(.patch)=\(.fate)"] | join(" ")' two)" \
  'two/same.patch=upstream two/clash.patch=conflict two/fine.patch=applies' 'what becomes of each patch'
same "$(jq -r '.forks.two.patches[0].commit' "$FIXTURE_DIR/json")" \
  "$(in_upstream two rev-parse v1.1.0~1)" 'upstream has it by this commit'
same "$(jq -r '.forks.two.patches[1].conflicts[0].path' "$FIXTURE_DIR/json")" hello.c 'and where it conflicts'
workspace_commit patches

# Upstreams that fail leave the others alone.
follow three http://127.0.0.1:9/three.git
sed -i "s|^url:.*|url: $FAULTY_URL/three.git|" "$WORKSPACE/forks/three.yaml"
expect 4 '127.0.0.1:9' "$CULLET" upstream one three --timeout 2
grep -q 'one 1.0.0: behind' "$FIXTURE_DIR/out"
follow three "$FAULTY_URL/three.git" '{ tags: "release-*" }'
expect 1 "matches 'release-*'" "$CULLET" upstream three
follow three "$FAULTY_URL/three.git" '{ branch: mian }'
expect 1 "did you mean 'main'" "$CULLET" upstream three
follow three "$FAULTY_URL/three.git"
faulty_script '[{"match": "GET /three.git", "action": {"delay": 8}}]'
expect 4 'less than 1 KiB/s for 1 s' "$CULLET" upstream three --timeout 1
faulty_script '[{"match": "GET /three.git", "times": 1, "action": {"status": 429, "retry_after": 1}}]'
faulty_forget
expect 0 '' "$CULLET" upstream three
same "$(requests 'three')" 2 'a limit is waited for'
faulty_script '[{"match": "GET /three.git", "action": {"status": 403, "retry_after": 4000}}]'
expect 4 'limits requests' "$CULLET" upstream three
faulty_script '[]'
expect 4 '--offline' "$CULLET" --offline upstream three

# More references than anything has.
git init --quiet --bare "$served/many.git"
in_upstream three push --quiet "$served/many.git" main
commit=$(in_upstream three rev-parse main)
crowd() { awk -v n="$1" -v c="$commit" 'BEGIN { print "# pack-refs with: peeled fully-peeled sorted "
  for (i = 0; i < n; i++) printf "%s refs/tags/v%09d\n", c, i }' >"$served/many.git/packed-refs"; }
follow three "$FAULTY_URL/three.git"
sed -i "s|^upstream:.*|upstream: $GIT_HTTP_URL/many.git|" "$WORKSPACE/forks/three.yaml"
crowd 260000
expect 4 'more than 250000 branches and tags' "$CULLET" upstream three
crowd 1000000
expect 4 'without end' "$CULLET" upstream three
rm -rf "$served/many.git"

# History that is rewritten, and a tag that goes.
follow three "$FAULTY_URL/three.git"
asked . three >/dev/null
in_upstream three commit --quiet --amend --message=rewritten
in_upstream three tag --force v1.0.0 >/dev/null
publish three
same "$(asked '.forks.three.state' three)" rewritten 'rewritten history'
sed -i "s/commit: [0-9a-f]*/commit: $(in_upstream three rev-parse main)/" "$WORKSPACE/forks/three.yaml"
in_upstream three tag v0.9.0
in_upstream three tag --delete v1.0.0 >/dev/null
publish three
same "$(asked '.forks.three | "\(.state) \(.newest.name)"' three)" 'ahead v0.9.0' 'a deleted tag'
in_workspace git checkout --quiet -- forks
unchanged 'none of that changed the workspace'

# Candidates.
in_workspace "$CULLET" build one --no-sign >/dev/null
before=$(digest_of one)
expect 3 '' "$CULLET" upstream build two --report two.md
grep -q 'patches conflict' "$WORKSPACE/two.md"
grep -q '^  two/clash.patch: conflict: hello.c, line' "$FIXTURE_DIR/out" || { cat "$FIXTURE_DIR/out"; exit 1; }
grep -q '^  two/fine.patch: applies$' "$FIXTURE_DIR/out"
echo 'ok: a conflict says which patch, which file and where'
grep -q 'two/clash.patch | conflict' <(tr -d '\\' <"$WORKSPACE/two.md")
rm "$WORKSPACE/two.md"
expect 0 '' "$CULLET" upstream build one --report one.md --push oci:candidates
grep -q '1 changed' "$WORKSPACE/one.md" || grep -q 'no file differs' "$WORKSPACE/one.md"
expect 0 '' "$CULLET" ls oci:candidates/one:candidate-1.10.0
same "$(digest_of one)" "$before" 'the release is where it was'
rm -rf "${WORKSPACE:?}"/{one.md,candidates}
unchanged 'a trial leaves the workspace alone'

commits=$(in_workspace git rev-list --count HEAD)
in_workspace "$CULLET" upstream build one --write --json 2>"$FIXTURE_DIR/err" >"$FIXTURE_DIR/json"
same "$(jq -r .commit "$FIXTURE_DIR/json")" "$(in_workspace git rev-parse HEAD)" 'it is one commit'
same "$(in_workspace git rev-list --count HEAD)" $((commits + 1)) 'and no more'
same "$(in_workspace git log -1 --format='%an %s')" 'Someone Follow upstream: one v1.10.0' 'with an author'
grep -q "^pin: { commit: $(in_upstream one rev-parse v1.10.0), version: 1.10.0 }  # reviewed" "$WORKSPACE/forks/one.yaml"
grep -q '^# what we follow' "$WORKSPACE/forks/one.yaml"
in_workspace "$CULLET" build one --no-sign >/dev/null
same "$(digest_of one | grep -c "$(jq -r '.forks.one.images[0].after' "$FIXTURE_DIR/json")")" 1 \
  'the commit builds the image that was tried'
expect 0 '' "$CULLET" upstream build one
grep -q 'nothing new' "$FIXTURE_DIR/out"

# Patches that upstream has are dropped, the rest is carried.
in_workspace "$CULLET" patch drop two two/clash.patch >/dev/null
workspace_commit drop
sed -i 's|int main(long c)|int main(void)|' "${repositories[two]}/hello.c"
release two v1.1.1
expect 0 '' "$CULLET" upstream build two --write
same "$(in_workspace "$CULLET" patch list two --json | jq -r '[.patches[].name] | join(" ")')" \
  two/fine.patch 'the patch that upstream has is dropped'
[[ ! -e $WORKSPACE/forks/two/same.patch ]]
unchanged 'all of it is in the commit'

# A candidate that doesn't build, one whose test fails.
printf 'int main(void) { return 0 }\n' >"${repositories[one]}/hello.c"
release one v1.11.0
expect 5 'making component one' "$CULLET" upstream build one --write --report one.md
grep -q 'failed' "$WORKSPACE/one.md"
rm "$WORKSPACE/one.md"
printf '#include <stdio.h>\nint main(void) { puts("hello"); return getchar() == -1; }\n' >"${repositories[one]}/hello.c"
release one v1.12.0
expect 3 '' "$CULLET" upstream build one --write
unchanged 'neither was written'
expect 2 'one fork' "$CULLET" upstream build --at v1.10.0
expect 0 '' "$CULLET" upstream build one --at v1.9.0

# scripts/upstream-ci.md: each example runs the very script. "one" stands at what is good; "two" is current.
rm -f "$WORKSPACE"/forks/three.yaml "$WORKSPACE"/recipes/three.yaml
sed -i 's/return 0 }/return 0; }/; s/return getchar() == -1;/return 0;/' "${repositories[one]}/hello.c"
release one v1.13.0
mkdir "$WORKSPACE/scripts"
cp "$E2E_ROOT/scripts/upstream-ci" "$WORKSPACE/scripts/"
printf '/upstream-reports/\n/upstream.log\n' >>"$WORKSPACE/.gitignore"
workspace_commit 'follow upstream in CI'
git clone --quiet --bare "$WORKSPACE" "$FIXTURE_DIR/origin.git"
in_workspace git remote add origin "$FIXTURE_DIR/origin.git"
in_workspace git fetch --quiet && in_workspace git branch --quiet --set-upstream-to=origin/main
mkdir "$FIXTURE_DIR/bin" && ln -s "$CULLET" "$FIXTURE_DIR/bin/cullet"
export PATH=$FIXTURE_DIR/bin:$PATH
if "$PYTHON" -c 'import yaml' 2>/dev/null; then
  "$PYTHON" "$(dirname "$0")/ci_examples.py" "$E2E_ROOT/scripts/upstream-ci.md" >"$FIXTURE_DIR/examples"
  same "$(wc -l <"$FIXTURE_DIR/examples")" 4 'examples'
  while IFS=$'\t' read -r name command; do
    rm -rf "$WORKSPACE/upstream-reports" "$FIXTURE_DIR/summary"
    GITHUB_STEP_SUMMARY=$FIXTURE_DIR/summary in_workspace bash -c "${command//\/srv\/images/$WORKSPACE}"
    same "$(jq -r '.forks.one.outcome' "$WORKSPACE/upstream-reports/upstream.json")" good "$name"
    grep -q 'v1\\.13\\.0: good\|v1.13.0: good' "$WORKSPACE/upstream-reports/upstream.md"
    cmp "$FIXTURE_DIR/summary" "$WORKSPACE/upstream-reports/upstream.md"
  done <"$FIXTURE_DIR/examples"
else
  echo 'skipped: the examples: python3-yaml is not there'
fi
WRITE=1 in_workspace scripts/upstream-ci one
same "$(jq -r .forks.one.written "$WORKSPACE/upstream-reports/upstream.json")" true 'WRITE=1 commits'
faulty_forget
in_workspace scripts/upstream-ci
same "$(requests '.')" 2 'an unchanged day in CI: one request for each fork'
in_workspace sed -i 's/tags: "v/tags: "w/' forks/two.yaml
status=0
in_workspace scripts/upstream-ci || status=$?
same "$status" 1 'the status is that of cullet'
holds '.forks.two.error.message' "$WORKSPACE/upstream-reports/upstream.json"

# --- several at once: what is being fetched is said once of each ---
for name in large huge vast; do
  upstream_new "$name"
  head -c 4M /dev/urandom >"${repositories[$name]}/bytes"
  release "$name" v1.0.1
done
expect 0 '' "$CULLET" upstream large huge vast
same "$(grep -c '^fetching' "$FIXTURE_DIR/err")" "$(grep '^fetching' "$FIXTURE_DIR/err" | sort -u | wc -l)" \
  'each fetch has its line in a log'
