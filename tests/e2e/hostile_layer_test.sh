#!/usr/bin/env bash
# Images that someone else made, with layers that lie or lead out: reading them gives an
# error, nothing outside is touched, and nothing of them is passed on.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
registry_start
mkdir "$FIXTURE_DIR/outside"

cat >"$FIXTURE_DIR/make.py" <<'END'
"""make.py LAYOUT CASE OUTSIDE: an OCI layout, tagged 1, whose one layer is as hostile as CASE says."""
import gzip, hashlib, io, json, os, pathlib, sys, tarfile
layout, case, outside = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
buffer = io.BytesIO()
tar = tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT)
def add(name, type=tarfile.REGTYPE, data=b"", link="", **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = type, link, len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data) if data else None)
add("good", data=b"good")
if case == "dotdot": add("../" * 20 + outside.lstrip("/") + "/x", data=b"x")
if case == "absolute": add(outside + "/x", data=b"x")
if case == "hardlink-out": add("hard", tarfile.LNKTYPE, link="../" * 20 + "etc/passwd")
if case == "through-symlink":
    add("link", tarfile.SYMTYPE, link=outside)
    add("link/x", data=b"x")
if case == "device": add("device", tarfile.CHRTYPE, devmajor=1, devminor=3)
if case == "fifo": add("fifo", tarfile.FIFOTYPE)
if case == "symlink": add("etc/passwd", tarfile.SYMTYPE, link=outside + "/secret")
plain = buffer.getvalue()
if case == "truncated": plain = plain[:700]
if case == "bomb": plain += bytes(1 << 30)
packed = gzip.compress(plain, 1, mtime=0)
if case == "cut": packed = packed[:-40]
if case == "garbage": packed = os.urandom(1000)
def put(data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256").mkdir(parents=True, exist_ok=True)
    (layout / "blobs/sha256" / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}
kind = "application/vnd.oci.image."
layer = put(packed, kind + "layer.v1.tar+gzip")
diff_id = "sha256:" + hashlib.sha256(b"other" if case == "other-diff-id" else plain).hexdigest()
config = put(json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode(), kind + "config.v1+json")
if case == "size": layer["size"] += 1
if case == "huge-size": layer["size"] = 1 << 62
if case == "digest-path": layer["digest"] = "sha256:../../../../" + outside.lstrip("/") + "/secret"
if case == "other-bytes": (layout / "blobs/sha256" / layer["digest"][7:]).write_bytes(packed[:-1] + b"!")
manifest = put(json.dumps({"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": config,
                           "layers": [layer]}).encode(), kind + "manifest.v1+json")
manifest["annotations"] = {"org.opencontainers.image.ref.name": "1"}
(layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
(layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
END
echo "the content" >"$FIXTURE_DIR/outside/secret"

# reads CASE STATUSES COMMAND...: the command on the layout of that case ends with one of these.
reads() {
  local case=$1 wanted=$2 status=0
  shift 2
  in_workspace timeout 100 "$CULLET" "$@" >"$FIXTURE_DIR/out" 2>"$FIXTURE_DIR/err" || status=$?
  if [[ " $wanted " != *" $status "* ]] || { [[ $status != 0 ]] && ! grep -q '^error: ' "$FIXTURE_DIR/err"; } ||
    grep -q "the content" "$FIXTURE_DIR/out"; then
    head -n 20 "$FIXTURE_DIR/out" "$FIXTURE_DIR/err"
    echo "FAILED: $case: cullet $1: status $status, wanted $wanted"
    return 1
  fi
}

in_workspace "$CULLET" key new keys/other.pem >/dev/null 2>&1 || true
for case in dotdot absolute hardlink-out through-symlink device fifo symlink truncated cut garbage \
  other-diff-id size huge-size digest-path other-bytes bomb; do
  layout=$FIXTURE_DIR/$case
  mkdir "$layout"
  "$PYTHON" "$FIXTURE_DIR/make.py" "$layout" "$case" "$FIXTURE_DIR/outside"
  # Names in a listing are only text; what is in no layer, or is a lie, is an error.
  case $case in
    symlink | through-symlink) listed='0 1' ;;
    other-diff-id | absolute | size) listed='0 1 3' ;;
    *) listed='1 3' ;;
  esac
  reads "$case" "$listed" ls "oci:$layout:1"
  reads "$case" '0 1 3' cat "oci:$layout:1" good
  reads "$case" '1 3' cat "oci:$layout:1" etc/passwd
  reads "$case" '1 3' verify "oci:$layout:1" --key keys/release.pub
  reads "$case" '0 1 3' diff "oci:$layout:1" "oci:$layout:1"
  # What is not what it says is not passed on. (A layer's entries are its user's business: a registry
  # holds any bytes that have their digest.)
  case $case in
    size | huge-size | digest-path | other-bytes)
      reads "$case" '1 3' push "oci:$layout:1" "$REGISTRY/$case:1"
      if registry_get_manifest "$case" 1 >/dev/null 2>&1; then echo "FAILED: $case was pushed"; exit 1; fi
      ;;
  esac
  same "$(ls "$FIXTURE_DIR/outside")$(<"$FIXTURE_DIR/outside/secret")" "secretthe content" "$case: nothing outside is read or written"
done
