#!/usr/bin/env bash
# build --check: built twice, the second time from nothing as another machine would. What is
# reproducible passes; what is not is caught, with what is to blame, before a signature or a tag.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
small_new app
small_store "$FIXTURE_DIR/store" app
published() { find "$WORKSPACE/.cullet/registry" -name index.json 2>/dev/null | wc -l; }
nothing_left() { # of the other machine
  same "$(find "$CULLET_STORE/tmp" -name 'somebody*' -o -name 'another machine*' | wc -l)x" 0x "$1 leaves nothing behind"
}

# --- what is reproducible: said so, published ---
rm -rf "$WORKSPACE/.cullet"
in_workspace "$CULLET" build app --check --json >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(jq -r .check.same "$FIXTURE_DIR/out")" true 'a reproducible recipe passes'
same "$(jq -r .image.digest "$FIXTURE_DIR/out")" "$(digest_of app)" 'and is published'
grep -q '^again: component app$' "$FIXTURE_DIR/err"
echo 'ok: the second build is shown'
for what in 'umask' 'job' 'another order of directories' 'another path' 'locale' 'zone' 'addresses'; do
  holds "[.check.varied[] | select(contains(\"$what\"))] | length > 0" "$FIXTURE_DIR/out" ||
    { echo "FAILED: $what is not varied"; exit 1; }
done
nothing_left 'a check'
in_workspace "$CULLET" build app --check >"$FIXTURE_DIR/out" 2>/dev/null
grep -q 'the same (' "$FIXTURE_DIR/out"
echo 'ok: what the store has already is checked as well'

# Projects often call their archives alike.
for name in one two; do
  mkdir -p "$FIXTURE_DIR/$name/v1.0"
  echo "$name" >"$FIXTURE_DIR/$name/v1.0/file"
  tar --sort=name --owner=0 --group=0 --mtime=@1700000000 -C "$FIXTURE_DIR/$name" -cf "$FIXTURE_DIR/$name/v1.0.tar" v1.0
  cat >"$WORKSPACE/forks/$name.yaml" <<END2
import:
  archive: v1.0.tar
  sha256: $(sha256sum <"$FIXTURE_DIR/$name/v1.0.tar" | cut -d' ' -f1)
  from: ["file://$FIXTURE_DIR/$name/v1.0.tar"]
pin: { commit: 0000000000000000000000000000000000000000, version: "1" }
END2
  cat >"$WORKSPACE/recipes/$name.yaml" <<END2
fork: $name
environment: probe
steps:
  - run: busybox mkdir "\$OUT/share"; busybox cp file "\$OUT/share/$name"
image: { contents: [$name] }
END2
  pin=$(in_workspace "$CULLET" fork import "$name" --json 2>/dev/null | jq -r .commit)
  sed -i "s/0\{40\}/$pin/" "$WORKSPACE/forks/$name.yaml"
done
sed -i 's/^environment: probe/&\nneeds: [one]/; s/contents: .two./contents: [one, two]/' "$WORKSPACE/recipes/two.yaml"
in_workspace "$CULLET" build two --no-publish --check --json >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" ||
  { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(jq -r .check.same "$FIXTURE_DIR/out")" true 'two archives of one name are both there'
rm "$WORKSPACE"/{forks,recipes}/{one,two}.yaml

# --- what is not: nothing of it gets anywhere ---
# leak WHAT CAUSE SCRIPT: a recipe whose image holds what the script prints is refused, and why.
leak() {
  cat >"$WORKSPACE/recipes/leak.yaml" <<END2
fork: app
environment: probe
steps:
  - run: |
      busybox mkdir -p "\$OUT/share"
      ($3) >"\$OUT/share/leak"
image: { contents: [leak] }
END2
  rm -rf "$WORKSPACE/.cullet/registry/leak"
  expect 3 "leak comes out different when it is built again" "$CULLET" build leak --check
  grep -q 'component leak: its steps made other files of the same inputs' "$FIXTURE_DIR/err"
  grep -q 'share/leak' "$FIXTURE_DIR/err"
  if [[ -n $2 ]] && ! grep -q "most likely cause: $2 " "$FIXTURE_DIR/err"; then
    cat "$FIXTURE_DIR/err" >&2
    return 1
  fi
  [[ ! -e $WORKSPACE/.cullet/registry/leak/index.json ]]
  nothing_left "$1"
}
# The source has enough files for an order.
for i in $(seq 40); do echo "$i" >"$FORK_REPOSITORY/file-$i"; done
mkdir -p "$FORK_REPOSITORY"/deep/{a,b,c,d}
for i in a b c d; do echo "$i" >"$FORK_REPOSITORY/deep/$i/only"; done
git_do add --all && git_do commit --quiet --message='files' && fork_pin app
leak 'the time' time 'busybox date'
leak 'a random id' identifier 'busybox head -c 16 /dev/urandom | busybox sha256sum | busybox cut -c1-32'
(($(nproc) == 1)) || leak 'the number of processors' processors 'busybox nproc'
leak 'the number of jobs' processors 'echo "$JOBS"'
leak 'the order of files' order 'busybox find . -maxdepth 1'
leak 'the order of directories' order 'busybox find deep -type f'
leak 'the order of files in the environment' order 'busybox find /etc -maxdepth 1'
leak 'an address' '' 'busybox cat /proc/self/maps'

# --- a component that needs one that leaks, and comes out the same: what is asked for is the same ---
cat >"$WORKSPACE/recipes/dep.yaml" <<'END'
fork: app
environment: probe
steps:
  - run: busybox mkdir -p "$OUT/share"; busybox date >"$OUT/share/when"; echo same >"$OUT/share/same"
END
cat >"$WORKSPACE/recipes/top.yaml" <<'END'
fork: app
environment: probe
needs: [dep]
steps:
  - run: busybox mkdir -p "$OUT/share"; busybox cat /share/same >"$OUT/share/top"
END
in_workspace "$CULLET" build top --check --json >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" || { cat "$FIXTURE_DIR/err"; exit 1; }
same "$(jq -r .check.same "$FIXTURE_DIR/out")" true 'a component alone is told by its own tree'
expect 3 'dep comes out different when it is built again' "$CULLET" build dep --check

# --- with --json the verdict is a record ---
in_workspace "$CULLET" build leak --check --json >"$FIXTURE_DIR/out" 2>/dev/null && exit 1
same "$(jq -r '.check.targets[0].components[0] | "\(.recipe) \(.sameInputs)"' "$FIXTURE_DIR/out")" 'leak true' \
  'the record names the component'

# --- a source deeper than a process may have files open ---
(
  ulimit -S -n 256
  deep=$FORK_REPOSITORY/$(printf 'd/%.0s' {1..400})
  mkdir -p "$deep" && echo x >"$deep/file"
  git_do add --all && git_do commit --quiet --message='deep' && fork_pin app
  expect 0 '' "$CULLET" build app --no-publish --check
)

# --- what builds here and not there is no less refused; what is wrong keeps its status ---
cat >"$WORKSPACE/recipes/leak.yaml" <<END
fork: app
environment: probe
steps:
  - run: |
      busybox mkdir -p "\$OUT/share"; echo >"\$OUT/share/x"
      test "\$JOBS" = 3
image: { contents: [leak] }
END
expect 3 'step 1 of' "$CULLET" build leak --check --jobs 3
grep -q 'while building again, as another machine would' "$FIXTURE_DIR/err"
sed -i 's/^  *test .*/      exit 1/' "$WORKSPACE/recipes/leak.yaml"
expect 5 'step 1 of' "$CULLET" build leak --check
expect 2 '--check --with-edits' "$CULLET" build app --check --with-edits

# --- --no-publish: nothing leaves the store ---
rm -rf "$WORKSPACE/.cullet"
in_workspace "$CULLET" build app --no-publish --json >"$FIXTURE_DIR/out" 2>/dev/null
same "$(jq -r .image.digest "$FIXTURE_DIR/out" | cut -d: -f1) $(published)" 'sha256 0' '--no-publish builds and puts nothing anywhere'
expect 2 '--no-publish' "$CULLET" build app --no-publish --push oci:elsewhere:1
for option in --keep-inputs --cyclonedx --force '--author me'; do
  # shellcheck disable=SC2086 # words
  expect 2 "${option% *} is about what is published" "$CULLET" build app --no-publish $option
done

# --- stopped, at any time ---
cat >"$WORKSPACE/recipes/slow.yaml" <<END
fork: app
environment: probe
steps:
  - run: |
      busybox mkdir -p "\$OUT/share"; echo x >"\$OUT/share/x"
      test "\$JOBS" = 3 || busybox sleep 100
image: { contents: [slow] }
END
# stop SIGNAL STATUS: while the second build sleeps.
stop() {
  local pid got=0
  (cd "$WORKSPACE" && exec "$CULLET" build slow --check --jobs 3 >/dev/null 2>"$FIXTURE_DIR/err") &
  pid=$!
  for _ in $(seq 300); do
    grep -q 'again:   component slow: step 1' "$FIXTURE_DIR/err" && break
    sleep 0.1
  done
  grep -q 'again:   component slow: step 1' "$FIXTURE_DIR/err"
  kill -s "$1" "$pid"
  wait "$pid" || got=$?
  same "$got" "$2" "$1 ends it"
}
stop INT 130
nothing_left 'an interrupted check'
[[ ! -e $WORKSPACE/.cullet/registry/slow ]]
stop KILL 137
in_workspace "$CULLET" store usage >/dev/null
nothing_left 'a killed check, after the next command,'
