#!/usr/bin/env bash
# One digest, whatever the machine: everything is built from an empty store under each variation. And
# recipes that are not reproducible, to show that each variation reaches what it is meant to reach, or
# that the sandbox lets nothing of it in.
#   MATRIX=shipped    the recipes that ship instead, under the same variations (half an hour; needs
#                     what they are built from in the store of the tests, as shipped_test.sh leaves it)
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
small_new app
# What an image can have in it: links, odd names and modes, declared owners, both compressors.
cat >"$WORKSPACE/recipes/app.yaml" <<'END'
fork: app
environment: probe
env: { ROUND: "0" }
steps:
  - run: |
      busybox mkdir -p $OUT/bin "$OUT/empty directory" $OUT/many
      busybox cp /usr/bin/busybox $OUT/bin/busybox
      busybox ln $OUT/bin/busybox $OUT/bin/a-hard-link
      busybox ln -s ../bin/busybox $OUT/many/link
      : >"$OUT/many/$(printf 'caf\351')"; : >"$OUT/many/café"; : >"$OUT/many/$(printf 'new\nline')"
      for i in $(busybox seq 200); do echo $i >$OUT/many/$i; done
      echo x >$OUT/odd; busybox chmod 6440 $OUT/odd
modes: { odd: "6440" }
image:
  contents: [app]
  files:
    - { path: /data, directory: true, owner: "70000:101", mode: "1777" }
    - { path: /etc/motd, text: "héllo\n" }
  config: { entrypoint: [/bin/busybox] }
  test:
    - exec: [/bin/busybox, "true"]
END
sed -e 's/^image:/image:\n  compression: gzip/' "$WORKSPACE/recipes/app.yaml" >"$WORKSPACE/recipes/gzipped.yaml"
sed -i "s|^upstream: .*|upstream: https://git.example.com/app.git|" "$WORKSPACE/forks/app.yaml"

inputs=$CULLET_STORE
if [[ ${MATRIX:-} == shipped ]]; then
  rm "$WORKSPACE"/recipes/{app,gzipped}.yaml "$WORKSPACE/forks/app.yaml"
  targets=()
else
  small_store "$FIXTURE_DIR/store" app
  inputs='' targets=(app gzipped)
fi
via=() options=() at=$FIXTURE_DIR/at count=0 skipped=0
# fresh STORE: a store without results.
fresh() {
  rm -rf "$1"
  [[ -z $inputs ]] || { mkdir -p "$1" && cp -r "$inputs"/{version,blobs,forks} "$1"; }
}
# made WORKSPACE STORE: builds a copy of the workspace there, through ${via[@]}; prints the digests.
made() {
  rm -rf "$1" && mkdir -p "$(dirname "$1")" && cp -r "$WORKSPACE" "$1" && rm -rf "$1/.cullet"
  (cd "$1" && "${via[@]}" "$CULLET" --store "$2" build "${targets[@]}" "${options[@]}" --json 2>"$FIXTURE_DIR/err") |
    jq -r '(.builds // [.])[] | "\(.recipe) \(.image.digest // .components[-1].tree)"' || { cat "$FIXTURE_DIR/err" >&2; return 1; }
}
# vary NAME [WORKSPACE [STORE]]: the same digests under what `via` and `options` say, from an empty store.
vary() {
  local store=${3:-$FIXTURE_DIR/varied}
  fresh "$store"
  same "$(made "${2:-$at}" "$store")" "$base" "$1" >/dev/null
  echo "ok: $1"
  count=$((count + 1)) via=() options=()
}
skip() { echo "skipped: $1"; skipped=$((skipped + 1)) via=() options=(); }

fresh "$FIXTURE_DIR/first"
base=$(made "$at" "$FIXTURE_DIR/first")
[[ $(wc -l <<<"$base") -ge 2 ]]
# The digests of root and of an unprivileged user meet here: the second to come compares.
record=/var/tmp/cullet-test-matrix-$(cat "$CULLET" "$E2E_ROOT"/tests/e2e/{matrix_test,lib}.sh "$WORKSPACE"/{cullet.lock,forks/*.yaml} | sha256sum | cut -c1-16)
if [[ -e $record ]]; then
  same "$base" "$(<"$record")" 'the same digests as the other user'
else
  (umask 022 && printf '%s\n' "$base" >"$record")
fi

# --- the variations, each a function, so that the leaks below meet the same ones ---
mkdir -p "$FIXTURE_DIR/locales"
localedef --inputfile=de_DE --charmap=UTF-8 "$FIXTURE_DIR/locales/de_DE.UTF-8" 2>/dev/null || true
german=(env "LOCPATH=$FIXTURE_DIR/locales" LC_ALL=de_DE.UTF-8 LANGUAGE=de)
gcc -shared -fPIC -O1 -o "$FIXTURE_DIR/shuffle.so" "$E2E_ROOT/tests/e2e/matrix/shuffle.c"
elsewhere="$FIXTURE_DIR/$(printf 'a long name %.0s' {1..15})/$(printf 'Ümläut %.0s' {1..20})/ with: spaces,"
in_user_namespace=()
((EUID == 0)) || in_user_namespace=(--user --map-current-user)
two_cores() { (($(nproc) > 1)); }

for mask in 000 022 077; do
  via=(sh -c "umask $mask; exec \"\$@\"" sh) && vary "umask $mask"
done
for locale in C C.UTF-8; do via=(env "LC_ALL=$locale") && vary "locale $locale"; done
if [[ $("${german[@]}" date --date=2026-03-01 +%B) == März ]]; then
  via=("${german[@]}") && vary 'a German locale'
else
  skip 'the German locale could not be made'
fi
for zone in Pacific/Kiritimati America/St_Johns; do via=(env "TZ=$zone") && vary "zone $zone"; done
vary 'workspace and store at long paths with spaces' "$elsewhere/workspace" "$elsewhere/store"
via=(taskset --cpu-list "$(taskset --cpu-list --pid $$ | grep -oE '[0-9]+' | tail -1)") && vary 'one processor'
for jobs in 1 8; do options=(--jobs "$jobs") && vary "$jobs jobs"; done
via=(setarch "$(uname -m)" --addr-no-randomize) && vary 'no random addresses'
via=(env -i "CULLET_PASSPHRASE=$CULLET_PASSPHRASE" "HOME=/nonexistent" "PATH=$PATH") && vary 'an empty environment'
# The library reaches what cullet calls, and does what it says.
nm --dynamic --undefined-only "$CULLET" | grep -E ' readdir(64)?(@|$)' >/dev/null
shuffled() { SHUFFLE_SEED=$1 LD_PRELOAD=$FIXTURE_DIR/shuffle.so ls -U "$FORK_REPOSITORY/.git/hooks"; }
[[ $(shuffled 1) != "$(shuffled 2)" && $(shuffled 1 | sort) == "$(shuffled 2 | sort)" ]]
for seed in 1 2; do
  via=(env "LD_PRELOAD=$FIXTURE_DIR/shuffle.so" "SHUFFLE_SEED=$seed") && vary "directories in an order of their own, $seed"
done
if command -v faketime >/dev/null; then
  via=(faketime -f '+9y') && vary 'a clock nine years ahead (what cullet itself sees)'
else
  skip 'a clock years ahead: faketime is not installed'
fi
if unshare "${in_user_namespace[@]}" --time --fork --boottime 100000000 true 2>/dev/null; then
  via=(unshare "${in_user_namespace[@]}" --time --fork --monotonic 100000000 --boottime 100000000)
  vary 'another time since the start of the machine'
else
  skip 'no time namespaces'
fi
renamed=(unshare "${in_user_namespace[@]}" --uts sh -c 'hostname elsewhere.example.com && exec "$@"' sh)
if "${renamed[@]}" true 2>/dev/null || { renamed=(unshare --user --map-root-user --uts "${renamed[@]: -5}") && "${renamed[@]}" true 2>/dev/null; }; then
  via=("${renamed[@]}") && vary 'another hostname'
else
  skip 'no UTS namespaces'
fi
memory=''
if [[ -w /dev/shm && $(stat -f -c %T /dev/shm) == tmpfs ]]; then
  memory=$(mktemp -d /dev/shm/cullet-matrix.XXXXXX)
  FIXTURE_UNDO+=(forget_memory)
  forget_memory() { rm -rf "$memory"; }
  vary 'a store on tmpfs' "$at" "$memory/store"
  vary 'a workspace on tmpfs' "$memory/workspace"
else
  skip 'no tmpfs at /dev/shm'
fi
disordered=$FIXTURE_DIR/disordered
mkdir -p "$disordered"{,-source}
if command -v disorderfs >/dev/null && disorderfs --shuffle-dirents=yes "$disordered-source" "$disordered" >/dev/null 2>&1; then
  FIXTURE_UNDO+=(forget_disorder)
  forget_disorder() { fusermount -u "$disordered" 2>/dev/null || umount "$disordered"; }
  vary 'a workspace on disorderfs' "$disordered/workspace"
else
  skip 'disorderfs takes /dev/fuse'
fi
same "$(made "$at" "$FIXTURE_DIR/first")" "$base" 'from a warm store' >/dev/null
count=$((count + 1))
echo "one digest under $count variations; $skipped skipped"
((count >= 17))
[[ ${MATRIX:-} != shipped ]] || exit 0

# --- what is not reproducible, seen or kept out ---
# leak WHAT seen|hidden SCRIPT: sets what the two functions one and two build, and compares.
leak() {
  local first second
  cat >"$WORKSPACE/recipes/leak.yaml" <<END
fork: app
environment: probe
steps:
  - run: |
      ($3) >\$OUT/leak
END
  targets=(leak)
  rm -rf "$FIXTURE_DIR/varied"
  one && first=$(made "$at" "$FIXTURE_DIR/varied") && via=() options=()
  rm -rf "$FIXTURE_DIR/varied"
  two && second=$(made "${other_workspace:-$at}" "${other_store:-$FIXTURE_DIR/varied}") && via=() options=()
  if [[ $2 == seen && $first == "$second" || $2 == hidden && $first != "$second" || -z $first ]]; then
    echo "FAILED: $1: should be $2"
    return 1
  fi
  echo "ok: $2: $1"
  one() { :; } && two() { :; } && other_workspace='' other_store=''
}
one() { :; } && two() { :; } && other_workspace='' other_store=''

leak 'the time' seen 'busybox cut -d" " -f1 /proc/uptime'
leak 'random numbers' seen 'busybox od -N 16 -t x8 /dev/urandom'
one() { options=(--jobs 1); } && two() { options=(--jobs 8); }
leak 'the number of jobs' seen 'echo $JOBS'
if two_cores; then
  one() { via=(taskset --cpu-list "$(taskset --cpu-list --pid $$ | grep -oE '[0-9]+' | tail -1)"); }
  leak 'the number of processors' seen 'busybox nproc'
fi
if [[ -n $memory && $(stat -f -c %T "$FIXTURE_DIR") != tmpfs ]]; then
  other_store=$memory/other
  leak 'the order of a directory' seen 'busybox mkdir d; for i in $(busybox seq 99); do : >d/$i; done; busybox ls -f d 2>&1 || busybox find d'
fi
other_workspace=$elsewhere/workspace other_store=$elsewhere/other
leak 'the path' hidden 'busybox pwd; echo "$PWD $HOME $OUT $0"; busybox readlink -f .'
two() { via=("${renamed[@]}"); }
leak 'the hostname' hidden 'busybox hostname; busybox uname -n; busybox cat /proc/sys/kernel/hostname'
one() { via=(sh -c 'umask 077; exec "$@"' sh); } && two() { via=(sh -c 'umask 000; exec "$@"' sh); }
leak 'the umask' hidden 'umask; : >f; busybox stat -c %a f'
two() { via=("${german[@]}" TZ=Pacific/Kiritimati LEAK=1); }
leak 'locale, zone and variables' hidden 'busybox env | busybox sort; busybox date -d @0'
leak 'the user' hidden 'busybox id; busybox stat -c "%u %g" .'
leak 'when the source was unpacked' hidden 'busybox stat -c %Y numbers'
