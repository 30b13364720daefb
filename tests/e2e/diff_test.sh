#!/usr/bin/env bash
# What differs between two images, and why: files, sizes, versions, symbols, settings, the inputs of
# their builds; and from the outside in where nothing else tells.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting

cat >"$WORKSPACE/recipes/greeting.yaml" <<'END'
fork: greeting
environment: c
steps:
  - run: make CC=gcc && make install DESTDIR="$OUT" && mkdir -p "$OUT/lib"
  - run: gcc -shared -fPIC -nostdlib -Wl,-soname,libgreet.so.1 -o "$OUT/lib/libgreet.so.1" greet.c
image:
  contents: [greeting]
  files:
    - { path: /etc/motd, text: "welcome" }
  config: { entrypoint: [/bin/hello] }
END
printf 'int greet(void) { return 1; }\nint wave(void) { return 2; }\n' >"$FORK_REPOSITORY/greet.c"
git_do add --all && git_do commit --quiet --message='a library'
fork_pin greeting
build() { in_workspace "$CULLET" build greeting --json | jq -r .image.digest; }
before=$(build)
old=$(git_do rev-parse HEAD)

cp "$WORKSPACE/recipes/greeting.yaml" "$FIXTURE_DIR/old-recipe"

# A pin moves, a patch comes, a line of the recipe and one of its settings change.
printf 'int greet(void) { return 1; }\nint bow(void) { return 3; }\n' >"$FORK_REPOSITORY/greet.c"
git_do add --all && git_do commit --quiet --message='other gestures'
fork_pin greeting
sed -i 's/version: 1.0.0/version: 1.1.0/' "$WORKSPACE/forks/greeting.yaml"
patch_new greeting
cat >>"$WORKSPACE/forks/greeting.yaml" <<'END'
patches:
  - { file: greeting/fix.patch, fixes: [CVE-2024-0001], reason: the greeting is wrong, added: 2024-06-01 }
END
sed -i 's|text: "welcome"|text: "welcome", mode: "0600"|; s|\[/bin/hello\]|[/bin/hello, again]|' "$WORKSPACE/recipes/greeting.yaml"
after=$(build)
repository=oci:.cullet/registry/greeting
a=$repository@$before b=$repository@$after

compare() { in_workspace "$CULLET" diff "$a" "$b" --json >"$FIXTURE_DIR/diff.json" || [[ $? == 3 ]]; }
said() { jq -r "$1" "$FIXTURE_DIR/diff.json"; }
compare
same "$(said '.files["bin/hello"].change')" changed 'a file is changed'
same "$(said '.files["etc/motd"].what')" 'mode 0644 → 0600' 'a mode'
same "$(said '.files["lib/libgreet.so.1"].sizeAfter')" \
  "$(in_workspace "$CULLET" cat "$b" /lib/libgreet.so.1 | wc -c)" 'sizes are those of the files'
same "$(said '.libraries.changed["libgreet.so.1"] | .symbolsAdded + .symbolsRemoved | join(" ")')" 'bow wave' \
  'a symbol is new, another gone'
same "$(said '.versions[] | [.kind, .name, .before, .after] | join(" ")')" 'component greeting 1.0.0 1.1.0' 'a version'
same "$(said '[.settings[].where] | map(select(test("Entrypoint"))) | .[0]')" /config/config/Entrypoint/1 'a setting'
same "$(said '.why[] | select(.kind == "fork") | .before + " " + .after')" \
  "$old (1.0.0) $(git_do rev-parse HEAD) (1.1.0)" 'why: the pin moved'
same "$(said '.why[] | select(.kind == "patch") | .name + ": " + .why')" \
  'greeting/fix.patch: fixes CVE-2024-0001: the greeting is wrong' 'why: the patch'
same "$(said '[.why[].kind] | join(" ")')" 'fork patch recipe' 'and the recipe; nothing is told twice'

# --- the recipe's lines, where its old text is beside the image, as kept inputs are ---
same "$(said '.why[] | select(.kind == "recipe") | has("lines")')" false 'the old recipe is nowhere'
"$PYTHON" - "$WORKSPACE/.cullet/registry/greeting" "$before" "$FIXTURE_DIR/old-recipe" <<'END'
import hashlib, json, pathlib, sys
layout, subject, file = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
def put(data, media_type):
    name = hashlib.sha256(data).hexdigest()
    blob = layout / "blobs" / "sha256" / name
    if not blob.exists():
        blob.write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + name, "size": len(data)}
kind = "application/vnd.oci.image.manifest.v1+json"
image = {"mediaType": kind, "digest": subject,
         "size": (layout / "blobs" / "sha256" / subject.split(":")[1]).stat().st_size}
artifact = {"schemaVersion": 2, "mediaType": kind, "artifactType": "application/vnd.example.inputs",
            "config": put(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [put(file.read_bytes(), "application/octet-stream")], "subject": image}
index = layout / "index.json"
listing = json.loads(index.read_bytes())
listing["manifests"].append(put(json.dumps(artifact).encode(), kind) | {"artifactType": artifact["artifactType"]})
index.write_text(json.dumps(listing))
END
compare
same "$(said '.why[] | select(.kind == "recipe") | .lines[0] | .where + " " + (.what | test("welcome.*mode") | tostring)')" \
  'line 9 true' 'the line of the recipe that changed'

# --- a person reads the same; the status says that they differ ---
expect 3 '' "$CULLET" diff "$a" "$b"
for line in 'changed  etc/motd: mode 0644 → 0600' 'library  libgreet.so.1: symbols new: bow; symbols gone: wave' \
  'version  component greeting: 1.0.0 → 1.1.0' 'why      patch greeting/fix.patch: '; do
  grep -qF "$line" "$FIXTURE_DIR/out" || { echo "FAILED: not said: $line"; cat "$FIXTURE_DIR/out"; exit 1; }
  echo "ok: $line"
done
expect 0 '' "$CULLET" diff "$b" greeting
expect 0 '' "$CULLET" diff "$b" "$b" --inside

# --- by another key, or with none, why is not known, and the rest is ---
key_make "$FIXTURE_DIR/other"
expect 3 'why is not known' "$CULLET" diff "$a" "$b" --key "$FIXTURE_DIR/other.pem"
mkdir "$FIXTURE_DIR/elsewhere"
(cd "$FIXTURE_DIR/elsewhere" && "$CULLET" diff "oci:$WORKSPACE/.cullet/registry/greeting@$before" \
  "oci:$WORKSPACE/.cullet/registry/greeting@$after" --json >"$FIXTURE_DIR/diff.json" 2>"$FIXTURE_DIR/err") || [[ $? == 3 ]]
same "$(said .why)" null 'without a key nothing is believed'
same "$(said '.versions[] | [.kind, .name, .before, .after] | join(" ")')" 'component greeting 1.0.0 1.1.0' \
  'the image itself says its version'
(cd "$FIXTURE_DIR/elsewhere" && "$CULLET" diff "oci:$WORKSPACE/.cullet/registry/greeting@$before" \
  "oci:$WORKSPACE/.cullet/registry/greeting@$after" --key "$WORKSPACE/keys/attest.pub" --json >"$FIXTURE_DIR/diff.json") || [[ $? == 3 ]]
same "$(said '[.why[].kind] | join(" ")')" 'fork patch recipe' 'with one it is, anywhere'

# --- from the outside in: copies that differ in one thing each, as no recipe makes them ---
layout=$WORKSPACE/.cullet/registry/greeting
# variant TAG SCRIPT: the image once more, its last layer being a tar of $FIXTURE_DIR/TAG, where SCRIPT ran.
variant() {
  local tag=$1
  mkdir -p "$FIXTURE_DIR/$tag"
  (cd "$FIXTURE_DIR/$tag" && eval "$2" && rm -f ../"$tag.tar" &&
    tar --create --file="../$tag.tar" --owner=0 --group=0 --mtime=@315532800 --format=ustar --sort=name .)
  [[ -z ${3:-} ]] || "$3" "$FIXTURE_DIR/$tag.tar"
  "$PYTHON" - "$layout" "$after" "$tag" "$FIXTURE_DIR/$tag.tar" <<'END'
import hashlib, json, pathlib, subprocess, sys
layout, digest, tag, tar = sys.argv[1:]
blobs = pathlib.Path(layout) / "blobs" / "sha256"
def get(digest):
    return json.loads((blobs / digest.split(":")[1]).read_bytes())
def put(data, media_type):
    name = hashlib.sha256(data).hexdigest()
    if not (blobs / name).exists():
        (blobs / name).write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + name, "size": len(data)}
manifest = get(digest)
config = get(manifest["config"]["digest"])
packed = pathlib.Path(tar).read_bytes()
plain = packed
if packed[:4] == b"\x28\xb5\x2f\xfd":
    plain = subprocess.run(["zstd", "-dcq"], input=packed, stdout=subprocess.PIPE, check=True).stdout
suffix = "" if plain is packed else "+zstd"
layer = put(packed, "application/vnd.oci.image.layer.v1.tar" + suffix)
config["rootfs"]["diff_ids"][-1] = "sha256:" + hashlib.sha256(plain).hexdigest()
manifest["layers"][-1] = layer
manifest["config"] = put(json.dumps(config).encode(), manifest["config"]["mediaType"])
image = put(json.dumps(manifest).encode(), manifest["mediaType"])
index = pathlib.Path(layout) / "index.json"
listing = json.loads(index.read_bytes())
listing["manifests"].append(image | {"annotations": {"org.opencontainers.image.ref.name": tag}})
index.write_text(json.dumps(listing))
END
}
# inside A B CAUSE PLACE: the likely cause of what differs, and where it is seen.
inside() {
  in_workspace "$CULLET" diff "greeting:$1" "greeting:$2" --inside --json >"$FIXTURE_DIR/diff.json" || [[ $? == 3 ]]
  same "$(said '.inside.cause') $(said '.inside | [recurse(.findings[]?, .inside[]?) | .where?] | map(select(. != null and . != "diffoscope")) | last')" \
    "$3 $4" "$1 beside $2"
}
program() { printf 'const char *when = "%s"; int main(void) { return when[0]; }\n' "$1" >p.c && gcc -O1 -o p p.c && rm p.c; }
variant time-1 "program 'Nov 20 2026'"
variant time-2 "program 'Nov 21 2026'"
inside time-1 time-2 time 'section .note.gnu.build-id'
same "$(said '.inside.because | split(": ")[0]')" 'layer 1 (files), /p, section .rodata' 'the section is named'
variant path-1 'echo prefix=/home/alice/ws >f && gzip -n f'
variant path-2 'echo prefix=/srv/build/ws2 >f && gzip -n f'
inside path-1 path-2 path 'line 1'
variant order-1 'printf "b\na\n" >f'
variant order-2 'printf "a\nb\n" >f'
inside order-1 order-2 order lines
variant jobs-1 'echo 1 >a && echo make -j2 >b && tar --format=ustar --mtime=@1 -cf f.tar a b && rm a b'
variant jobs-2 'echo 1 >a && echo make -j8 >b && tar --format=ustar --mtime=@1 -cf f.tar a b && rm a b'
inside jobs-1 jobs-2 processors 'line 1'
if command -v zstd >/dev/null; then
  pack_low() { zstd -1 -q --rm "$1" -o "$1.zst" && mv "$1.zst" "$1"; }
  pack_high() { zstd -19 -q --rm "$1" -o "$1.zst" && mv "$1.zst" "$1"; }
  variant packed-1 'seq 20000 >f' pack_low
  variant packed-2 'seq 20000 >f' pack_high
  inside packed-1 packed-2 compressor compression
  same "$(said .inside.compressionAlone)" true 'compression alone is told apart from content'
  in_workspace "$CULLET" diff greeting:packed-1 greeting:packed-2
  echo 'ok: which a container does not see'
else
  echo 'skipped: compression alone: there is no zstd'
fi
expect 3 '' "$CULLET" diff greeting:time-1 greeting:time-2 --inside
grep -q '^most likely cause: time (layer 1 (files), /p, section .rodata: ' "$FIXTURE_DIR/out"
echo 'ok: a person reads the cause'

if command -v diffoscope >/dev/null; then
  grep -qF 'diffoscope: ' "$FIXTURE_DIR/out"
  echo 'ok: diffoscope says more, where it is'
  expect 3 '' env PATH=/nowhere "$CULLET" diff greeting:time-1 greeting:time-2 --inside
  if grep -qF 'diffoscope: ' "$FIXTURE_DIR/out"; then exit 1; fi
  echo 'ok: and is not needed'
else
  echo 'skipped: the view of diffoscope: it is not installed'
fi

# --- a layer is read once: what it held is remembered, and collected with the rest ---
reads() { strace -f -e trace=openat -o "$FIXTURE_DIR/strace" "$@" >/dev/null 2>&1 || true
  grep -c "$(jq -r '.layers[-1].digest' "$layout/blobs/sha256/${after#sha256:}" | cut -d: -f2)" "$FIXTURE_DIR/strace" || true; }
if command -v strace >/dev/null && strace -e trace=none true 2>/dev/null; then
  same "$(cd "$WORKSPACE" && reads "$CULLET" ls "$b")" 0 'a layer that was built here is not opened to list it'
else
  echo 'skipped: which files are opened: strace does not run here'
fi
CULLET_STORE=/proc/none expect 0 'layers are read each time' "$CULLET" ls "$b"
cp "$FIXTURE_DIR/out" "$FIXTURE_DIR/without"
expect 0 '' "$CULLET" ls "$b"
cmp "$FIXTURE_DIR/without" "$FIXTURE_DIR/out"
echo 'ok: without a store the same is read'
