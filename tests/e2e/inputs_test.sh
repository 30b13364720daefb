#!/usr/bin/env bash
# The inputs of an image, kept beside it: what a rebuild reads comes back from a registry or from one
# file, and gives the same digest with workspace, store and upstream gone. What is wrong with either is
# refused, with nothing left behind.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
registry_start anonymous
REF=$REGISTRY/prod/small:1.0.0

# --- an image with every kind of input: a git fork with a submodule, a patch that is a file and one that
# is a commit, a fork imported from an archive, packages
small_new small
small_store "$FIXTURE_DIR/store" small
SMALL=$FORK_REPOSITORY
FORK_REPOSITORY=$(fixture_subdirectory submodule)
SUBMODULE=$FORK_REPOSITORY
echo part >"$SUBMODULE/part"
git_do init --quiet --initial-branch=main
git_do add --all
git_do commit --quiet --message=part
FORK_REPOSITORY=$SMALL
git_do -c protocol.file.allow=always submodule --quiet add "file://$SUBMODULE" deps/part
git_do commit --quiet --all --message='a submodule'
fork_pin small
git_do checkout --quiet -b fix
sed -i '1s/.*/one/' "$SMALL/numbers"
git_do commit --quiet --all --message='a fix'
mkdir -p "$WORKSPACE/forks/small"
printf -- '--- a/numbers\n+++ b/numbers\n@@ -19998,3 +19998,3 @@\n 19998\n 19999\n-20000\n+last\n' \
  >"$WORKSPACE/forks/small/last.patch"
cat >>"$WORKSPACE/forks/small.yaml" <<END
patches:
  - { file: small/last.patch, reason: the last, added: 2026-11-01 }
  - { commit: $(git_do rev-parse HEAD), reason: the first, added: 2026-11-01 }
END
mkdir "$FIXTURE_DIR/other-1"
echo other >"$FIXTURE_DIR/other-1/other"
tar --sort=name --owner=0 --group=0 --mtime=@1700000000 -C "$FIXTURE_DIR" -cf "$WORKSPACE/other-1.tar" other-1
cat >"$WORKSPACE/forks/other.yaml" <<END
import:
  archive: other-1.tar
  sha256: $(sha256sum <"$WORKSPACE/other-1.tar" | cut -d' ' -f1)
  from: [other-1.tar]
pin: { commit: 0000000000000000000000000000000000000000, version: "1" }
END
cat >"$WORKSPACE/recipes/other.yaml" <<'END'
fork: other
environment: probe
steps:
  - run: busybox mkdir -p "$OUT/share"; busybox cp other "$OUT/share/other"
END
pin=$(in_workspace "$CULLET" fork import other --json 2>/dev/null | jq -r .commit)
sed -i "s/0\{40\}/$pin/" "$WORKSPACE/forks/other.yaml"
sed -i "s/^environment: probe/&\nneeds: [other]/; s/contents: \[small\]/contents: [small, other]/
  s|busybox cp numbers .*|&\n      busybox cat deps/part/part >\"\$OUT/share/part\"|" "$WORKSPACE/recipes/small.yaml"

# builds FILE ARGUMENT...: builds in the workspace; the record of --json goes to FILE.
builds() {
  in_workspace "$CULLET" build --json "${@:2}" >"$FIXTURE_DIR/$1" 2>"$FIXTURE_DIR/err" ||
    { cat "$FIXTURE_DIR/err" >&2; return 1; }
}

# requests METHOD: how many with that method (a pattern) the registry has answered.
requests() { grep -c "http.request.method=$1 " "$REGISTRY_DIR/log" || true; }

# rebuilt DIRECTORY: builds small there without any connection; prints the digest.
rebuilt() {
  (cd "$1" && "$CULLET" build small --offline --no-sign --json) 2>"$FIXTURE_DIR/err" >"$FIXTURE_DIR/out" ||
    { cat "$FIXTURE_DIR/err" >&2; return 1; }
  jq -r .image.digest "$FIXTURE_DIR/out"
}

# --- an image without inputs goes nowhere before they are all here; a digest is no place for an image
builds plain.json small
expect 1 'has no inputs, and is no image that this workspace built' \
  "$CULLET" --store "$FIXTURE_DIR/store-other" inputs push small "oci:$FIXTURE_DIR/brought:1.0.0"
nobody=sha256:$(printf '%064d' 0)
expect 2 'names a digest' "$CULLET" push small "oci:$FIXTURE_DIR/brought@$nobody"
expect 2 'names a digest' "$CULLET" inputs push small "oci:$FIXTURE_DIR/brought:1.0.0@$nobody"
expect 2 'names a digest' "$CULLET" inputs import some.tar --to "oci:$FIXTURE_DIR/brought@$nobody"
expect 2 'names a digest' "$CULLET" build small --push "$REF@$nobody"
[[ ! -e $FIXTURE_DIR/brought ]]
cp "$WORKSPACE/recipes/small.yaml" "$FIXTURE_DIR/small.yaml"
echo '# of no build that is signed' >>"$WORKSPACE/recipes/small.yaml"
expect 3 'recipes/small.yaml' "$CULLET" inputs push small "oci:$FIXTURE_DIR/brought:1.0.0"
[[ ! -e $FIXTURE_DIR/brought ]]
cp "$FIXTURE_DIR/small.yaml" "$WORKSPACE/recipes/small.yaml"
in_workspace "$CULLET" inputs push small "oci:$FIXTURE_DIR/brought:1.0.0"
in_workspace "$CULLET" inputs list "oci:$FIXTURE_DIR/brought:1.0.0" >/dev/null

builds built.json small --keep-inputs --push "$REF"
DIGEST=$(jq -r .image.digest "$FIXTURE_DIR/built.json")
in_workspace "$CULLET" inputs list "$REF" --json >"$FIXTURE_DIR/list.json"
same "$(jq -r '[.inputs[].kind] | unique | join(" ")' "$FIXTURE_DIR/list.json")" \
  'archive change commit package workspace' 'every kind of input is kept'
same "$(jq '[.inputs[] | select(.kind == "commit")] | length' "$FIXTURE_DIR/list.json")" 2 'the pin and its submodule'
same "$(jq '[.inputs[] | select(.name == "forks/small/last.patch")] | length' "$FIXTURE_DIR/list.json")" 1 'the patch'

same "$(in_workspace "$CULLET" attestations small --json | jq '[.attestations[].type | contains("inputs")] | any')" false \
  'inputs are no attestations'

# --- once is enough: a second build attaches nothing and sends nothing
before=$(requests 'P[A-Z]*')
builds again.json small --keep-inputs --push "$REF"
same "$(requests 'P[A-Z]*')" "$before" 'no PUT, POST or PATCH more'
same "$(jq -c '[.image, .image.pushed[0]] | map(.inputs | [.changed, .blobs_sent])' "$FIXTURE_DIR/again.json")" \
  '[[false,0],[false,0]]' 'kept once'
# Many builds come to one image: what they leave beside it stands in no other's way, and of it all what
# fits is found.
"$PYTHON" - "$WORKSPACE/.cullet/registry/small" "$DIGEST" <<'END'
import hashlib, json, pathlib, sys
layout, subject = pathlib.Path(sys.argv[1]), sys.argv[2]
TYPE, MANIFEST = "application/vnd.cullet.inputs.v1+json", "application/vnd.oci.image.manifest.v1+json"
def put(value, media_type):
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}
index = json.loads((layout / "index.json").read_text())
size = (layout / "blobs" / subject.replace(":", "/")).stat().st_size
for n in range(210):
    entry = {"kind": "workspace", "name": "cullet.yaml", "digest": "sha256:%064x" % n, "size": 1}
    carrier = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": TYPE, "layers": [],
               "config": put({"inputs": 1, "recipe": "small", "list": [entry]}, TYPE),
               "subject": {"mediaType": MANIFEST, "digest": subject, "size": size}}
    index["manifests"].append(put(carrier, MANIFEST) | {"artifactType": TYPE})
(layout / "index.json").write_text(json.dumps(index))
END
for n in 1 2 3; do
  echo "# round $n" >>"$WORKSPACE/recipes/small.yaml"
  builds round.json small
done
echo '# round 4' >>"$WORKSPACE/recipes/small.yaml"
builds round.json small --keep-inputs
same "$(jq -c '[.image.digest, .image.inputs.changed]' "$FIXTURE_DIR/round.json")" "[\"$DIGEST\",true]" 'kept among many lists'
builds round.json small --keep-inputs
same "$(jq .image.inputs.changed "$FIXTURE_DIR/round.json")" false 'and once'
in_workspace "$CULLET" inputs restore small "$FIXTURE_DIR/crowd" --key keys/attest.pub >/dev/null 2>&1
[[ -e $FIXTURE_DIR/crowd/recipes/small.yaml ]]
printf 'signatures: { release: [keys/release.pub], attestations: [keys/attest.pub] }\nstatements: [provenance]\n' \
  >"$WORKSPACE/policy.yaml"
in_workspace "$CULLET" verify small --policy policy.yaml >/dev/null
rm -r "$FIXTURE_DIR/crowd" "$WORKSPACE/policy.yaml"
sed -i '/^# round/d' "$WORKSPACE/recipes/small.yaml"
# Of another image with mostly the same, only what is its own is sent: the rest is mounted from where
# this store last kept inputs in that registry, or from a repository of inputs.
sed 's|config: .*|config: { entrypoint: [/bin/busybox, ls] }|' "$WORKSPACE/recipes/small.yaml" \
  >"$WORKSPACE/recipes/sister.yaml"
builds sister.json sister --keep-inputs --push "$REGISTRY/prod/sister:1.0.0"
same "$(jq '.image.pushed[0].inputs | .bytes > 500000 and .bytes_sent < 50000' "$FIXTURE_DIR/sister.json")" true \
  'a sister sends its own alone'
printf 'inputs: { keep: true, repository: %s/prod/inputs }\n' "$REGISTRY" >>"$WORKSPACE/cullet.yaml"
sed 's|config: .*|config: { entrypoint: [/bin/busybox, ls] }|' "$WORKSPACE/recipes/small.yaml" \
  >"$WORKSPACE/recipes/twin.yaml"
builds shared.json small --push "$REF"
builds twin.json twin --push "$REGISTRY/prod/twin:1.0.0"
jq -c '.image.pushed[0].inputs' "$FIXTURE_DIR/shared.json" "$FIXTURE_DIR/twin.json"
same "$(jq '.image.pushed[0].inputs | .bytes > 500000 and .bytes_sent < 50000' "$FIXTURE_DIR/twin.json")" true \
  'a twin sends its list, not its inputs'

# A repository of inputs that fails or lies is done without: upstream has them, too.
faulty_proxy "$REGISTRY_URL"
sed -i "s|repository: $REGISTRY|repository: $FAULTY|; s/keep: true/keep: false/" "$WORKSPACE/cullet.yaml"
failing='{"match": "/v2/prod/inputs/", "action": {"status": 403}}'
lying='{"match": "GET /v2/prod/inputs/blobs/", "action": {"corrupt": 5}}'
for fault in "$failing" "$lying"; do
  faulty_script "[$fault]"
  builds faulty.json small --no-sign --store "$(fixture_subdirectory store-faulty)"
  same "$(jq -r .image.digest "$FIXTURE_DIR/faulty.json")" "$DIGEST" "built from upstream: ${fault:24:40}"
done
faulty_script '[]'
sed -i "s|repository: $FAULTY|repository: $REGISTRY|; s/keep: false/keep: true/" "$WORKSPACE/cullet.yaml"

# In a layout, they are there offline.
sed -i "s|repository: $REGISTRY/prod/inputs|repository: \"oci:../inputs\"|" "$WORKSPACE/cullet.yaml"
builds layout.json small --no-sign
mv "$FIXTURE_DIR/mirror" "$FIXTURE_DIR/mirror.away"
mv "$SMALL" "$SMALL.away"
builds layout.json small --no-sign --offline --store "$FIXTURE_DIR/store-layout"
same "$(jq -r .image.digest "$FIXTURE_DIR/layout.json")" "$DIGEST" 'built offline from a layout of inputs'
mv "$FIXTURE_DIR/mirror.away" "$FIXTURE_DIR/mirror"
mv "$SMALL.away" "$SMALL"
sed -i "s|repository: \"oci:../inputs\"|repository: $REGISTRY/prod/inputs|" "$WORKSPACE/cullet.yaml"

# --- one file; the same bytes whether from the registry or from what it was imported to
in_workspace "$CULLET" inputs export "$REF" "$FIXTURE_DIR/small.tar"
in_workspace "$CULLET" inputs import "$FIXTURE_DIR/small.tar" --to "oci:$FIXTURE_DIR/imported"
in_workspace "$CULLET" inputs export "oci:$FIXTURE_DIR/imported:1.0.0" "$FIXTURE_DIR/again.tar"
same "$(sha256sum <"$FIXTURE_DIR/small.tar")" "$(sha256sum <"$FIXTURE_DIR/again.tar")" 'a deterministic export'

# --- a tag that somebody else puts while a command waits to put it stays theirs
in_workspace "$CULLET" inputs import "$FIXTURE_DIR/small.tar" --to "oci:$FIXTURE_DIR/held:0.9.0"
jq -c '[.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == null)][0] |
  .annotations["org.opencontainers.image.ref.name"] = "1.0.0"' "$FIXTURE_DIR/held/index.json" >"$FIXTURE_DIR/theirs"
cp "$FIXTURE_DIR/held/index.json" "$FIXTURE_DIR/held.json"
# waits PID: until it is about to put tags, which it says by a lock in the store; fails where it ends first.
waits() {
  local file
  while kill -0 "$1" 2>/dev/null; do
    for file in "$CULLET_STORE"/locks/[0-9a-f]*; do
      [[ ! -e $file ]] || flock --nonblock "$file" true || return 0
    done
    sleep 0.05
  done
  return 1
}
# overtaken COMMAND...
overtaken() {
  local pid status=0
  cp "$FIXTURE_DIR/held.json" "$FIXTURE_DIR/held/index.json"
  exec 9<"$FIXTURE_DIR/held/blobs"
  flock 9
  (cd "$WORKSPACE" && exec "$@") >/dev/null 2>"$FIXTURE_DIR/err" 9<&- &
  pid=$!
  waits "$pid" || { printf 'FAILED: it asked for no lock: %s\n' "$*" >&2; return 1; }
  jq --slurpfile theirs "$FIXTURE_DIR/theirs" '.manifests += $theirs' "$FIXTURE_DIR/held.json" >"$FIXTURE_DIR/held/index.json"
  exec 9<&-
  wait "$pid" || status=$?
  same "$status" 3 "overtaken: ${*:2:2}"
  grep -qE "oci:.*held.* is another image" "$FIXTURE_DIR/err"
  same "$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "1.0.0").digest' \
    "$FIXTURE_DIR/held/index.json")" "$(jq -r .digest "$FIXTURE_DIR/theirs")" 'the tag is theirs'
}
overtaken "$CULLET" inputs import "$FIXTURE_DIR/small.tar" --to "oci:$FIXTURE_DIR/held:1.0.0"
overtaken "$CULLET" inputs push "$REF" "oci:$FIXTURE_DIR/held:1.0.0"
overtaken "$CULLET" push "$REF" "oci:$FIXTURE_DIR/held:1.0.0"
expect 0 '' "$CULLET" inputs import "$FIXTURE_DIR/small.tar" --to "oci:$FIXTURE_DIR/held:1.0.0" --force
rm -r "$FIXTURE_DIR/held"

# --- workspace, store and upstream are gone: what is left is the registry, the file and a public key
cp "$WORKSPACE/keys/attest.pub" "$FIXTURE_DIR/attest.pub"
cp "$WORKSPACE/cullet.yaml" "$FIXTURE_DIR/kept.yaml"
mkdir "$FIXTURE_DIR/gone"
mv "$WORKSPACE" "$SMALL" "$SUBMODULE" "$FIXTURE_DIR/store" "$FIXTURE_DIR/mirror" "$FIXTURE_DIR/gone"
WORKSPACE=$FIXTURE_DIR
export CULLET_STORE=$FIXTURE_DIR/store-2
in_workspace "$CULLET" inputs restore "$REF" rebuilt --key attest.pub
in_workspace "$CULLET" store gc --older-than 30
same "$(rebuilt "$FIXTURE_DIR/rebuilt")" "$DIGEST" 'rebuilt from the registry'
export CULLET_STORE=$FIXTURE_DIR/store-3
in_workspace "$CULLET" inputs import small.tar --to oci:carried --json >"$FIXTURE_DIR/out" 2>/dev/null
same "$(jq -r .digest "$FIXTURE_DIR/out")" "$DIGEST" 'imported'
in_workspace "$CULLET" inputs restore oci:carried:1.0.0 carried-workspace/ --key attest.pub --offline
same "$(rebuilt "$FIXTURE_DIR/carried-workspace")" "$DIGEST" 'rebuilt from one file'

# --- without restoring: a build looks among kept inputs before it asks upstream
export CULLET_STORE=$FIXTURE_DIR/store-4
cp -r "$FIXTURE_DIR/gone/workspace"* "$FIXTURE_DIR/fresh"
rm -rf "$FIXTURE_DIR/fresh/.cullet" "$FIXTURE_DIR/fresh/other-1.tar"
WORKSPACE=$FIXTURE_DIR/fresh
sed -i 's/keep: true/keep: false/' "$WORKSPACE/cullet.yaml"
builds fresh.json small --no-sign
same "$(jq -r .image.digest "$FIXTURE_DIR/fresh.json")" "$DIGEST" 'built from kept inputs, upstream gone'
before=$(requests '[A-Z]*')
builds fresh.json small --no-sign
same "$(requests '[A-Z]*')" "$before" 'what the store has is not asked for'
expect 1 'no git repository' env CULLET_STORE="$FIXTURE_DIR/store-5" "$CULLET" build small --no-sign --offline --jobs 1
same "$(requests '[A-Z]*')" "$before" 'offline, a registry is not asked'
sed -i 's/keep: false/keep: true/' "$WORKSPACE/cullet.yaml"
builds fresh.json small --no-sign --offline
grep -q '^offline: the inputs of small are not kept in ' "$FIXTURE_DIR/err"
same "$(requests '[A-Z]*')" "$before" 'and nothing is kept there'
WORKSPACE=$FIXTURE_DIR

# --- what is wrong with a file is said, and nothing of it is left
# bad WHAT STATUS TEXT: bad.tar is refused so, and no layout is made.
bad() {
  expect "$2" "$3" "$CULLET" inputs import bad.tar --to oci:bad
  [[ ! -e $FIXTURE_DIR/bad ]] || { printf 'FAILED: %s left a layout\n' "$1" >&2; return 1; }
  same "$(find "$CULLET_STORE/tmp" -mindepth 1 | wc -l)" 0 "$1 leaves nothing in the store"
}
size=$(stat -c %s "$FIXTURE_DIR/small.tar")
head -c $((size / 2)) "$FIXTURE_DIR/small.tar" >"$FIXTURE_DIR/bad.tar"
bad 'a truncated file' 1 'truncated'
# remade PROGRAM: bad.tar is small.tar with its members as the python program changes them.
remade() {
  "$PYTHON" - "$FIXTURE_DIR/small.tar" "$FIXTURE_DIR/bad.tar" "$1" <<'END'
import io, sys, tarfile
source, target, program = sys.argv[1:]
members = []
with tarfile.open(source) as tar:
    for info in tar:
        members.append((info, tar.extractfile(info).read() if info.isreg() else b""))
biggest = max((m for m in members if m[0].name.startswith("blobs/")), key=lambda m: len(m[1]))
exec(program)
with tarfile.open(target, "w") as tar:
    for info, data in members:
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
END
}
remade 'members = [(i, d[:-1] + b"?" if i is biggest[0] else d) for i, d in members]'
bad 'other bytes' 3 'hashes to'
remade 'members = [m for m in members if m is not biggest]'
bad 'a missing blob' 3 'it lacks the blob'
remade 'members = [m for m in members if m[0].name != "index.json"]'
bad 'a missing index' 1 'it has no index.json'
remade 'biggest[0].name = "../escaped"'
bad 'a path out of the root' 1 '..'
[[ ! -e $FIXTURE_DIR/escaped ]]
remade 'i = tarfile.TarInfo("blobs/sha256/" + "0" * 64); i.type = tarfile.SYMTYPE; i.linkname = "/etc/passwd"
members.insert(3, (i, b""))'
bad 'a symlink' 1 'neither a file nor a directory'
remade 'i = tarfile.TarInfo("blobs/README"); members.insert(3, (i, b"x"))'
bad 'a foreign member' 1 'no part of an OCI layout'
remade 'members.insert(4, members[3])'
bad 'a member twice' 1 'twice'
# What the file says is the image's tag would become part of a URL, or speak for another image.
tagged() { remade "members = [(i, d.replace(b'ref.name\":\"1.0.0\"', b'ref.name\":\"$1\"') if i.name == 'index.json' else d) for i, d in members]"; }
tagged '../../victim/manifests/latest?x=1'
bad 'a tag that is none' 1 'is no valid tag'
tagged "sha256-$(printf '0%.0s' {1..64}).sig"
bad 'the tag of the signatures of another image' 1 'signatures of another image'

# --- what is wrong with the inputs beside an image is said, and no workspace is left
# digest_of_kind KIND: of the first input of that kind.
digest_of_kind() {
  jq -r --arg kind "$1" '[.inputs[] | select(.kind == $kind)][0].digest' "$FIXTURE_DIR/list.json"
}
cp "$FIXTURE_DIR/gone/workspace"*/keys/release.pub "$FIXTURE_DIR/release.pub"
expect 3 'no provenance of' "$CULLET" inputs restore "$REF" nowhere --key release.pub
for kind in workspace package change archive; do
  faulty_script "[{\"match\": \"GET .*/blobs/$(digest_of_kind "$kind")\", \"action\": {\"corrupt\": 9}}]"
  export CULLET_STORE=$FIXTURE_DIR/store-bad-$kind
  expect 3 'hashes to' "$CULLET" inputs restore "$FAULTY/prod/small:1.0.0" nowhere/deep --key attest.pub
  [[ ! -e $FIXTURE_DIR/nowhere ]]
done
faulty_script '[]'
for kind in change package workspace; do
  export CULLET_STORE=$FIXTURE_DIR/store-without-$kind
  digest=$(digest_of_kind "$kind")
  mv "$FIXTURE_DIR/carried/blobs/sha256/${digest#sha256:}" "$FIXTURE_DIR/withheld"
  expect 3 "blob $digest is missing" "$CULLET" inputs restore oci:carried:1.0.0 nowhere/deeper/still
  mv "$FIXTURE_DIR/withheld" "$FIXTURE_DIR/carried/blobs/sha256/${digest#sha256:}"
  [[ ! -e $FIXTURE_DIR/nowhere ]]
done
expect 1 'not empty' "$CULLET" inputs restore "$REF" rebuilt
mkdir "$FIXTURE_DIR/here"
(WORKSPACE=$FIXTURE_DIR/here && expect 1 'is the current directory' "$CULLET" inputs restore "$REF" .)
in_workspace "$CULLET" inputs restore oci:carried:1.0.0 here/. >/dev/null 2>&1
[[ -e $FIXTURE_DIR/here/cullet.yaml ]]

# --- Ctrl-C while a registry is slow: nothing is left
# interrupted SIGN COMMAND...: the command, interrupted when the command SIGN succeeds, says so.
interrupted() {
  local sign=$1 pid status=0
  shift
  (cd "$WORKSPACE" && exec "$@") >/dev/null 2>"$FIXTURE_DIR/err" &
  pid=$!
  for _ in $(seq 300); do
    eval "$sign" && break
    sleep 0.1
  done
  kill -INT "$pid"
  wait "$pid" || status=$?
  same "$status" 130 "interrupted: ${*:2:2}"
}
export CULLET_STORE=$FIXTURE_DIR/store-7
faulty_script '[{"match": "GET .*/blobs/", "skip": 4, "action": {"trickle": {"bytes": 10, "seconds": 1}}}]'
interrupted '[[ -n $(find "$CULLET_STORE/tmp" -path "*layout/blobs/*" 2>/dev/null) ]]' \
  "$CULLET" inputs export "$FAULTY/prod/small:1.0.0" slow.tar
faulty_script '[{"match": "GET .*/blobs/", "skip": 2, "action": {"trickle": {"bytes": 10, "seconds": 1}}}]'
interrupted '[[ -n $(find "$FIXTURE_DIR" -maxdepth 1 -name ".cullet-restore*") ]]' \
  "$CULLET" inputs restore "$FAULTY/prod/small:1.0.0" slow
[[ ! -e $FIXTURE_DIR/slow && ! -e $FIXTURE_DIR/slow.tar ]]
same "$(find "$CULLET_STORE/tmp" -mindepth 1 | wc -l)" 0 'an interrupt leaves nothing in the store'
same "$(find "$FIXTURE_DIR" -maxdepth 1 -name '.cullet-*' | wc -l)" 0 'no work in progress is left'

# --- killed: the next one cleans up
export CULLET_STORE=$FIXTURE_DIR/store-8
faulty_script '[{"match": "GET .*/blobs/", "skip": 2, "action": {"trickle": {"bytes": 10, "seconds": 1}}}]'
(cd "$WORKSPACE" && exec "$CULLET" inputs restore "$FAULTY/prod/small:1.0.0" killed) >/dev/null 2>&1 &
pid=$!
for _ in $(seq 300); do
  [[ -n $(find "$FIXTURE_DIR" -maxdepth 1 -name '.cullet-restore*') ]] && break
  sleep 0.1
done
kill -KILL "$pid" && wait "$pid" 2>/dev/null || true
same "$(find "$FIXTURE_DIR" -maxdepth 1 -name '.cullet-restore*' | wc -l)" 1 'killed: work in progress stays'
faulty_script '[]'
in_workspace "$CULLET" inputs restore "$FAULTY/prod/small:1.0.0" whole >/dev/null 2>&1
same "$(find "$FIXTURE_DIR" -maxdepth 1 -name '.cullet-*' | wc -l)" 0 'the next restore removes it'
rm -r "$FIXTURE_DIR/whole"

in_workspace "$CULLET" inputs import small.tar --to oci:bare >/dev/null 2>&1
jq '.manifests |= map(select(.artifactType != "application/vnd.cullet.inputs.v1+json"))' "$FIXTURE_DIR/bare/index.json" \
  >"$FIXTURE_DIR/index.json" && mv "$FIXTURE_DIR/index.json" "$FIXTURE_DIR/bare/index.json"
expect 1 'no inputs are kept' "$CULLET" inputs list oci:bare:1.0.0
expect 1 'no inputs are kept' "$CULLET" inputs restore oci:bare:1.0.0 nowhere --key attest.pub
