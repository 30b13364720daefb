# shellcheck shell=bash
# Images made without cullet, so that a test can hold cullet's reading of them, or other programs'
# reading of a compression, against something independent.

# rootfs_make DIRECTORY: a root that can run: /bin/sh (dash), cat, ls, id and their libraries.
rootfs_make() {
  local program library
  mkdir -p -- "$1"/{bin,etc,tmp,proc,sys,dev}
  for program in /bin/dash /bin/cat /bin/ls /usr/bin/id; do
    cp -L -- "$program" "$1/bin/"
    while read -r library; do
      mkdir -p -- "$1${library%/*}"
      cp -L -- "$library" "$1$library"
    done < <(ldd "$program" | grep -o '/[^ ]*')
  done
  ln -sf dash "$1/bin/sh"
  printf 'root:x:0:0:root:/:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\n' >"$1/etc/group"
  # Not compressible, so that every layer has more than one frame's worth of bytes in it.
  head -c 300000 /dev/urandom >"$1/etc/noise"
  chmod -R u=rwX,go=rX "$1"
}

# layer_compress TAR COMPRESSION: prints TAR as a layer blob.
#   none | gzip | zstd
#   gzip-members   several gzip members, one after the other (RFC 1952, 2.2), as pigz -i or eStargz
#   zstd-frames    several zstd frames, one after the other, as a parallel compressor may write them
#   zstd-skippable the same with a skippable frame between them, as zstd:chunked has
layer_compress() {
  case $2 in
    none) cat -- "$1" ;;
    gzip) gzip --no-name --stdout -- "$1" ;;
    zstd) zstd --quiet --stdout -- "$1" ;;
    gzip-members) split --bytes=200000 --filter='gzip --no-name --stdout' -- "$1" ;;
    zstd-frames) split --bytes=200000 --filter='zstd --quiet --stdout' -- "$1" ;;
    zstd-skippable)
      # 0x184D2A50, then the length, both little-endian; four bytes that a reader must skip.
      split --bytes=200000 --filter='zstd --quiet --stdout; printf "\x50\x2a\x4d\x18\x04\0\0\0skip"' -- "$1"
      ;;
    *) printf 'layer_compress: no compression %s\n' "$2" >&2 && return 2 ;;
  esac
}

# layer_media_type COMPRESSION: prints the media type of such a layer.
layer_media_type() {
  case $1 in
    none) echo application/vnd.oci.image.layer.v1.tar ;;
    gzip*) echo application/vnd.oci.image.layer.v1.tar+gzip ;;
    zstd*) echo application/vnd.oci.image.layer.v1.tar+zstd ;;
  esac
}

# oci_layout_make LAYOUT ROOTFS COMPRESSION [TAG]: writes an OCI layout with one image of one layer,
# tagged TAG (default: latest); prints the manifest's digest. The image runs `echo hello from cullet`.
oci_layout_make() {
  local layout=$1 rootfs=$2 compression=$3 tag=${4:-latest} config layer manifest
  local scratch
  scratch=$(fixture_subdirectory layout)
  mkdir -p -- "$layout/blobs/sha256"
  tar --create --file="$scratch/tar" --directory="$rootfs" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime=@315532800 --format=ustar .
  layer_compress "$scratch/tar" "$compression" >"$scratch/layer"
  layer=$(_layout_blob "$layout" "$scratch/layer" "$(layer_media_type "$compression")")
  jq --null-input --compact-output --sort-keys --arg diff_id "sha256:$(sha256sum <"$scratch/tar" | cut -d' ' -f1)" '{
      architecture: "amd64", os: "linux",
      config: {Cmd: ["/bin/sh", "-c", "echo hello from cullet"], Env: ["PATH=/bin"]},
      rootfs: {type: "layers", diff_ids: [$diff_id]}}' | tr -d '\n' >"$scratch/config"
  config=$(_layout_blob "$layout" "$scratch/config" application/vnd.oci.image.config.v1+json)
  jq --null-input --compact-output --sort-keys --argjson config "$config" --argjson layer "$layer" '{
      schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: $config, layers: [$layer]}' | tr -d '\n' >"$scratch/manifest"
  manifest=$(_layout_blob "$layout" "$scratch/manifest" application/vnd.oci.image.manifest.v1+json)
  jq --null-input --compact-output --argjson manifest "$manifest" --arg tag "$tag" '{
      schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [$manifest + {annotations: {"org.opencontainers.image.ref.name": $tag}}]}' >"$layout/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}\n' >"$layout/oci-layout"
  jq -r .digest <<<"$manifest"
}

# oci_layout_push LAYOUT REPOSITORY TAG: uploads the layout's one image with curl alone, every byte
# as it is; prints the manifest's digest.
oci_layout_push() {
  local layout=$1 repository=$2 tag=$3 manifest digest
  manifest=$layout/blobs/sha256/$(jq -r '.manifests[0].digest | ltrimstr("sha256:")' "$layout/index.json")
  for digest in $(jq -r '.config.digest, .layers[].digest' "$manifest"); do
    registry_put_blob "$repository" "$layout/blobs/sha256/${digest#sha256:}" >/dev/null
  done
  registry_put_manifest "$repository" "$manifest" "$tag"
}

# _layout_blob LAYOUT FILE MEDIA_TYPE: moves FILE to its place; prints its descriptor.
_layout_blob() {
  local digest
  digest=$(sha256sum <"$2" | cut -d' ' -f1)
  jq --null-input --compact-output --arg type "$3" --arg digest "sha256:$digest" --argjson size "$(stat -c %s -- "$2")" \
    '{mediaType: $type, digest: $digest, size: $size}'
  mv -- "$2" "$1/blobs/sha256/$digest"
}
