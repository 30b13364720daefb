#!/usr/bin/env bash
# Where the files of an image come from, by its verified statements; what was put into a copy of it
# is named and refused.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new greeting
# A key that openssl signs with, too.
key_make "$FIXTURE_DIR/attest"
cp "$FIXTURE_DIR/attest.key" "$WORKSPACE/keys/attest.pem"
cp "$FIXTURE_DIR/attest.pem" "$WORKSPACE/keys/attest.pub"

patch_new greeting
cat >"$WORKSPACE/recipes/greeting.yaml" <<'END'
fork: greeting
environment: c
steps:
  - run: make CC=gcc && make install DESTDIR="$OUT" && ln -s hello "$OUT/bin/hi" && echo kept >"$OUT/bin/kept"
image:
  contents: [greeting, { packages: [libc6], exclude: ["usr/share/**", "usr/lib/*/gconv/**"] }]
  files:
    - { path: /etc/motd, text: "welcome" }
    - { path: /var/data, directory: true }
END
in_workspace "$CULLET" build greeting >/dev/null
before=$(digest_of greeting)
cat >>"$WORKSPACE/forks/greeting.yaml" <<'END'
patches:
  - { file: greeting/fix.patch, fixes: [CVE-2024-0001], reason: the greeting is wrong, added: 2024-06-01 }
END
in_workspace "$CULLET" build greeting --json >"$FIXTURE_DIR/build.json"
after=$(jq -r .image.digest "$FIXTURE_DIR/build.json")
layout=$WORKSPACE/.cullet/registry/greeting
repository=oci:.cullet/registry/greeting
image=$repository@$after

# explained PATH FILTER: what a jq filter gets from the explanation of one path.
explained() {
  in_workspace "$CULLET" explain "$image" "$1" --before "$repository@$before" --json |
    jq -r --arg path "${1#/}" ".files[\$path] | $2"
}

# --- each kind of path, from where it is ---
same "$(explained /bin/hello '[.origin.kind, .origin.name, .origin.version] | join(" ")')" 'component greeting 1.0.0' \
  'a file of a component'
same "$(explained /bin/hello .origin.fork.commit)" "$(git_do rev-parse HEAD)" 'its commit'
same "$(explained /bin/hello '.origin.patches[] | .digest + " " + .fixes[0]')" \
  "sha256:$(sha256sum <"$WORKSPACE/forks/greeting/fix.patch" | cut -d' ' -f1) CVE-2024-0001" 'its patch'
same "$(explained /bin/hello .recipe)" recipes/greeting.yaml 'its recipe'
same "$(explained /bin/hello .sha256)" "$(in_workspace "$CULLET" cat "$image" /bin/hello | sha256sum | cut -d' ' -f1)" 'its bytes'
same "$(explained /bin/hello .before | cut -d, -f1)" content 'the patch changed it'
same "$(explained /bin/kept .before)" same 'and not the file beside it'
same "$(explained /bin/hi '[.type, .target, .origin.name] | join(" ")')" 'symlink hello greeting' 'a symlink'
same "$(explained /etc/motd '[.origin.kind, .layer.content, .recipe] | join(" ")')" 'image files recipes/greeting.yaml' \
  'a declared file'
same "$(explained /var/data '[.type, .layer.content] | join(" ")')" 'directory files' 'a directory'
libc=usr/lib/x86_64-linux-gnu/libc.so.6
same "$(explained /$libc '[.origin.kind, .origin.name, (.layer.content | split(" ")[2])] | join(" ")')" \
  'package libc6 libc6' 'a file of a package, of which the image has a part'
in_workspace "$CULLET" explain "$image" /bin/hello >"$FIXTURE_DIR/text"
grep -q '^  patch .*CVE-2024-0001: the greeting is wrong$' "$FIXTURE_DIR/text"
echo 'ok: a person reads the same'
expect 1 'the image has no /bin/none' "$CULLET" explain "$image" /bin/none
expect 1 'did you mean /bin/hello?' "$CULLET" explain "$image" /bin/helo
expect 1 'did you mean /bin/hello?' "$CULLET" ls "$image" /bin/helo
expect 1 'did you mean /bin/hello?' "$CULLET" cat "$image" /bin/helo
expect 2 'name one path, or --all' "$CULLET" explain "$image"
in_workspace "$CULLET" explain "$image" --all --json >"$FIXTURE_DIR/all.json"
same "$(jq '[.files[] | select(.explained)] | length' "$FIXTURE_DIR/all.json")" \
  "$(in_workspace "$CULLET" ls "$image" | wc -l)" 'every path is explained'

# --- a recipe that has the name of another's fork: links and directories are of the fork that they come from ---
FIRST=$FORK_REPOSITORY
fork_new namesake
FORK_REPOSITORY=$FIRST
cat >"$WORKSPACE/recipes/namesake.yaml" <<'END'
fork: greeting
environment: c
steps:
  - run: mkdir -p "$OUT/from/greeting" && cp hello.c "$OUT/from/greeting" && ln -s hello.c "$OUT/from/greeting/link"
END
cat >"$WORKSPACE/recipes/other.yaml" <<'END'
fork: namesake
environment: c
steps:
  - run: mkdir -p "$OUT/from/namesake" && cp hello.c "$OUT/from/namesake"
END
printf 'image:\n  contents: [namesake, other]\n  tags: [latest]\n' >"$WORKSPACE/recipes/holder.yaml"
in_workspace "$CULLET" build holder >/dev/null
in_workspace "$CULLET" explain holder --all --json >"$FIXTURE_DIR/holder.json"
for path in from/greeting/hello.c from/greeting/link from/greeting; do
  same "$(jq -r --arg path "$path" '.files[$path] | [.origin.name, .origin.patches[0].name, .recipe] | join(" ")' \
    "$FIXTURE_DIR/holder.json")" 'greeting greeting/fix.patch recipes/namesake.yaml' "$path"
done
same "$(jq -r '.files["from/namesake"].origin | "\(.name) \(.patches | length)"' "$FIXTURE_DIR/holder.json")" \
  'namesake 0' from/namesake

# --- whom to believe ---
key_make "$FIXTURE_DIR/other"
expect 3 'it was made with another key' "$CULLET" explain "$image" --all --key "$FIXTURE_DIR/other.pem"
in_workspace "$CULLET" explain "$image" --all --key "$FIXTURE_DIR/other.pem" --key keys/attest.pub >/dev/null
echo 'ok: one of several keys is enough'

# --- a copy that something was put into ---
# tamper LAYOUT DIGEST TAG TAR: DIGEST's image with one more layer, under TAG; prints its digest.
tamper() {
  "$PYTHON" - "$@" <<'END'
import hashlib, json, pathlib, sys
layout, digest, tag, tar = sys.argv[1:]
blobs = pathlib.Path(layout) / "blobs" / "sha256"
def get(digest):
    return json.loads((blobs / digest.split(":")[1]).read_bytes())
def put(data, media_type):
    name = hashlib.sha256(data).hexdigest()
    (blobs / name).write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + name, "size": len(data)}
manifest = get(digest)
config = get(manifest["config"]["digest"])
layer = put(pathlib.Path(tar).read_bytes(), "application/vnd.oci.image.layer.v1.tar")
config["rootfs"]["diff_ids"].append(layer["digest"])
# It claims to be of ours.
config["history"].append({"created": "1980-01-01T00:00:00Z", "created_by": "cullet: greeting"})
manifest["layers"].append(layer)
manifest["config"] = put(json.dumps(config).encode(), manifest["config"]["mediaType"])
image = put(json.dumps(manifest).encode(), manifest["mediaType"])
index = pathlib.Path(layout) / "index.json"
listing = json.loads(index.read_bytes())
listing["manifests"].append(image | {"annotations": {"org.opencontainers.image.ref.name": tag}})
index.write_text(json.dumps(listing))
print(image["digest"])
END
}
# layer NAME: a tar of the directory $FIXTURE_DIR/NAME.
layer() { tar --create --file="$FIXTURE_DIR/$1.tar" --directory="$FIXTURE_DIR/$1" --owner=0 --group=0 --format=ustar .; }
mkdir -p "$FIXTURE_DIR/foreign/usr/lib" "$FIXTURE_DIR/foreign/bin"
echo evil >"$FIXTURE_DIR/foreign/usr/lib/implant.so"
echo evil >"$FIXTURE_DIR/foreign/bin/hello"
ln -s /usr/lib/implant.so "$FIXTURE_DIR/foreign/usr/lib/link.so"
touch "$FIXTURE_DIR/foreign/bin/.wh.kept"
layer foreign
tampered=$(tamper "$layout" "$after" 6.6.6 "$FIXTURE_DIR/foreign.tar")
expect 3 "has no statement of type https://spdx.dev/Document by this key" "$CULLET" explain greeting:6.6.6 --all
expect 3 '/usr/lib/implant.so: the SBOM does not name it' "$CULLET" explain greeting:6.6.6 --all --sbom-of "$image"
for line in '/usr/lib/link.so: layer 3 was made by nothing' '/bin/kept: the SBOM names it, and the image has it not' \
  '/bin/hello: its bytes are not those that the SBOM names'; do
  grep -qF "$line" "$FIXTURE_DIR/err" || { echo "FAILED: not said: $line"; cat "$FIXTURE_DIR/err"; exit 1; }
  echo "ok: $line"
done
expect 3 '/bin/hello: its bytes are not' "$CULLET" explain greeting:6.6.6 /bin/hello --sbom-of "$image"
in_workspace "$CULLET" explain greeting:6.6.6 /etc/motd --sbom-of "$image" >/dev/null
echo 'ok: the file beside them is what it was'

# --- somebody with the key says of the copy what was said of the original ---
registry_start
in_workspace "$CULLET" push "$repository@$after" "$REGISTRY/prod/greeting:1.0.0" >/dev/null
in_workspace "$CULLET" push "$repository@$tampered" "$REGISTRY/prod/greeting:6.6.6" >/dev/null
for type in https://spdx.dev/Document https://slsa.dev/provenance/v1; do
  in_workspace "$CULLET" attestations "$image" --type "$type" >"$FIXTURE_DIR/predicate"
  bundle_statement "$tampered" "$type" "$(jq -c . "$FIXTURE_DIR/predicate")" >"$FIXTURE_DIR/statement"
  bundle_of "$WORKSPACE/keys/attest.pem" "$FIXTURE_DIR/statement" >"$FIXTURE_DIR/bundle"
  bundle_attach prod/greeting "$tampered" "$FIXTURE_DIR/bundle" "$type" >/dev/null
done
expect 0 '' "$CULLET" explain "$REGISTRY/prod/greeting:1.0.0" --all
expect 3 '/usr/lib/implant.so: the SBOM does not name it' "$CULLET" explain "$REGISTRY/prod/greeting:6.6.6" --all
