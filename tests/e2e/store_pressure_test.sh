#!/usr/bin/env bash
# A store under pressure: many builds at once, a collector beside them, and no room at every stage.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
small_new app
small_store "$FIXTURE_DIR/store" app
digest=$(digest_of app)

# copy_of N: workspace number N, with the same key and the same app.
copy_of() {
  [[ -d $FIXTURE_DIR/at$1 ]] || cp -r "$WORKSPACE" "$FIXTURE_DIR/at$1"
  rm -rf "$FIXTURE_DIR/at$1/.cullet"
}
digest_at() { WORKSPACE=$FIXTURE_DIR/at$1 digest_of app; }
fresh() { rm -rf "$CULLET_STORE"/{trees,actions,latest}/*; }

# at_once COUNT ROUND: so many builds start together; all succeed, with the one digest.
at_once() {
  local number pids=()
  small_round app "$2"
  for ((number = 0; number < $1; number++)); do
    copy_of "$number"
    cp "$WORKSPACE/recipes/app.yaml" "$FIXTURE_DIR/at$number/recipes/app.yaml"
  done
  for ((number = 0; number < $1; number++)); do
    (cd "$FIXTURE_DIR/at$number" && exec "$CULLET" build app) >/dev/null 2>"$FIXTURE_DIR/err$number" &
    pids+=($!)
  done
  for number in "${!pids[@]}"; do
    wait "${pids[number]}" || { cat "$FIXTURE_DIR/err$number"; echo "FAILED: build $number of $1"; return 1; }
    [[ $(digest_at "$number") == "$digest" ]] || { echo "FAILED: build $number has another digest"; return 1; }
  done
}

# --- two and eight processes on one store: the digest is one, and each step runs once ---
for count in 2 8; do
  fresh
  at_once "$count" "at once $count"
  same "$(cat "$FIXTURE_DIR"/err? | grep -c 'component app: step 1 of 1')" 1 "$count processes ran the step once"
  in_workspace "$CULLET" store check
done

# --- a collector that never rests removes nothing that a build uses ---
(while :; do "$CULLET" store gc --older-than 0 >"$FIXTURE_DIR/collected" 2>&1 && echo >>"$FIXTURE_DIR/collections"; done) &
collector=$!
# Where a build fails, too: it would hold the test's output open for ever.
FIXTURE_UNDO+=(collector_end)
collector_end() { kill "$collector" 2>/dev/null || true; }
for round in 1 2 3 4; do
  at_once 3 "collected $round"
done
kill "$collector" && wait "$collector" 2>/dev/null || true
collections=$(wc -l <"$FIXTURE_DIR/collections")
echo "ok: 12 builds beside $collections collections"
((collections > 0))
in_workspace "$CULLET" store check

# --- what a layout names is on the disk before its name: from the calls, for a power cut can't be tried ---
# synced TRACE LAYOUT: each file was synced before it got a name in the layout, and then its directory.
synced() {
  "$PYTHON" - "$1" "$2" <<'END'
import os, re, sys
trace, layout = sys.argv[1:]
lines = [found for line in open(trace)
         if (found := re.match(r"\d+ +(fsync|rename\w*|link\w*)\((.*)\) = 0$", line))]
files, directories, named = set(), {}, []
for at, (call, arguments) in enumerate(line.groups() for line in lines):
    if call == "fsync":
        path = re.search(r"<(.*)>", arguments)[1]
        files.add(path)
        directories[path] = at
        continue
    base, paths = "", []
    for opened, name in re.findall(r'\d+<([^>]*)>|"([^"]*)"', arguments):
        if opened:
            base = opened
        else:
            paths.append(os.path.join(base, name))
    if paths[1].startswith(layout + "/"):
        assert paths[0] in files, f"{paths[0]} was not synced before it became {paths[1]}"
        named.append((at, paths[1]))
for at, path in named:
    assert directories.get(os.path.dirname(path), -1) > at, f"the directory of {path} was not synced"
print(len(named))
END
}
if strace -o /dev/null true 2>/dev/null; then
  rm -rf "$WORKSPACE/.cullet"
  in_workspace strace -f -y --successful-only -o "$FIXTURE_DIR/trace" -e trace=fsync,/^rename,/^link \
    "$CULLET" build app >/dev/null 2>&1
  count=$(synced "$FIXTURE_DIR/trace" "$(realpath "$WORKSPACE")/.cullet/registry/app")
  echo "ok: $count files of a layout were synced before they had a name"
  ((count > 10))
else
  echo 'skipped: strace does not run here'
fi

# --- no room: in steps, from none to enough ---
if ((EUID == 0)); then
  enter=(unshare --mount)
else
  enter=(unshare --user --map-root-user --mount)
fi
if ! "${enter[@]}" sh -c 'mount -t tmpfs none /mnt' 2>/dev/null; then
  echo 'skipped: a small file system cannot be mounted here'
  exit 0
fi

# small_disk KIB STORE WORKSPACE: builds with a store and a workspace of which one is on a file system
# of so many KiB at $disk, then, with room there, again. Prints the status of both builds.
disk=$FIXTURE_DIR/disk
mkdir "$disk" && rm -rf "$WORKSPACE/.cullet"
small_disk() {
  # shellcheck disable=SC2016 # all of it is the inner shell's
  "${enter[@]}" bash -c '
    disk=$1 kib=$2 store=$3 workspace=$4 cullet=$5 from=$6
    mount -t tmpfs -o "size=${kib}k" none "$disk"
    rm -rf "$store"
    cp -r "$from" "$workspace" && cd "$workspace" || exit 1
    first=0 second=0 checked=0
    "$cullet" --store "$store" build app >/dev/null 2>"$from.err" || first=$?
    # With its source named, mount(8) takes over no options that are not for this user.
    mount -o remount,size=200m none "$disk"
    "$cullet" --store "$store" build app >/dev/null 2>"$from.err2" || second=$?
    "$cullet" --store "$store" store check >/dev/null 2>&1 || checked=$?
    cp -r "$workspace/.cullet" "$from.result"
    printf "%s %s %s\n" "$first" "$second" "$checked"' \
    bash "$disk" "$1" "$2" "$3" "$CULLET" "$WORKSPACE"
}

# no_room WHAT STEP_KIB STORE WORKSPACE: in steps, until the first build succeeds.
no_room() {
  local kib failures=0 first second checked
  for ((kib = $2; kib <= 100 * $2; kib += $2)); do
    rm -rf "$WORKSPACE.result" "$FIXTURE_DIR/elsewhere"
    read -r first second checked < <(small_disk "$kib" "$3" "$4")
    if [[ $second != 0 || $checked != 0 || ($first != 0 && $first != 4) ]] ||
      { [[ $first == 4 ]] && ! grep -q 'No space left on device' "$WORKSPACE.err"; }; then
      cat "$WORKSPACE.err" "$WORKSPACE.err2"
      echo "FAILED: $1 with $kib KiB: status $first, with room $second, store check $checked"
      return 1
    fi
    [[ $(result_digest) == "$digest" ]] || { echo "FAILED: $1 with $kib KiB: another digest"; return 1; }
    [[ $first == 4 ]] || break
    failures=$((failures + 1))
  done
  echo "ok: $1 full at $failures sizes up to $kib KiB: status 4, then the same digest"
  ((first == 0 && failures >= 4))
}
result_digest() { jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "1.0.0") | .digest' \
  "$WORKSPACE.result/registry/app/index.json"; }

no_room 'the store' 512 "$disk/store" "$FIXTURE_DIR/elsewhere"
# The files of a workspace are few: its layout is what fills the disk.
no_room 'the layout' 256 "$CULLET_STORE" "$disk/workspace"
