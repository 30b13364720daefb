# shellcheck shell=bash
# podman, skopeo and umoci, kept away from the user's storage and configuration.

# The graph driver. vfs copies instead of mounting: nothing to unmount, and it works on every file
# system, also where scratch itself is on an overlay. `overlay` works too and is what users have.
FIXTURE_STORAGE_DRIVER=${FIXTURE_STORAGE_DRIVER:-vfs}

# containers_begin: makes FIXTURE_DIR/podman, the home of what follows; call it first. Configuration
# for all of them goes into FIXTURE_DIR/podman/home/.config/containers: policy.json, registries.d/*.yaml,
# certs.d/HOST:PORT/{ca.crt,client.cert,client.key}.
containers_begin() {
  local home=$FIXTURE_DIR/podman
  mkdir -p -- "$home/home/.config/containers"
  mkdir -m 700 -- "$home/run"
  printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >"$home/home/.config/containers/policy.json"
  _PODMAN=(podman --log-level=error --storage-driver="$FIXTURE_STORAGE_DRIVER" --cgroup-manager=cgroupfs
    --events-backend=file --root="$home/storage" --runroot="$home/state" --tmpdir="$home/tmp")
  # Root would leave a mount of the storage directory behind, and crun's, so root works in a mount
  # namespace that ends with the command. Others get one from podman itself, with a user namespace.
  _PODMAN_ENTER=(unshare --mount)
  if ((EUID != 0)); then
    _PODMAN_ENTER=("${_PODMAN[@]}" unshare)
    FIXTURE_UNDO+=(_containers_end)
  fi
}

# podman_do ARGUMENT...: podman with its own storage, runtime directory, home and policy.
podman_do() {
  # crun 1.8 refuses version 1 control groups beside a version 2 tree that has controllers, even if it
  # is to use neither. So that tree is covered, once: a user's podman comes back to one namespace.
  _containers_environment "${_PODMAN_ENTER[@]}" sh -c '
    if grep -qs . /sys/fs/cgroup/unified/cgroup.controllers; then
      mount -t tmpfs none /sys/fs/cgroup/unified
    fi
    exec "$@"' sh "${_PODMAN[@]}" "$@"
}

# podman_run ARGUMENT...: `podman run` with what it takes here: without systemd, without a delegated
# control group, without CAP_SYS_RESOURCE. The network is none; --network=host reaches loopback
# servers. (slirp4netns needs /dev/net/tun, a bridge needs netavark or CNI plugins.) Prints what the
# container wrote, which must be text, and returns its status.
podman_run() {
  local log status=0
  log=$(fixture_subdirectory run)/log
  # podman would raise root's limits to 1048576 files, which only CAP_SYS_RESOURCE may.
  podman_do run --rm --cgroups=disabled --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
    --attach stdout --log-driver=k8s-file --log-opt path="$log" "$@" >/dev/null || status=$?
  # podman 4.3 itself loses the output of a short-lived container, about once in 200 times. The log
  # has it all: time, stream, P if the line goes on or else F, text.
  [[ ! -e $log ]] || awk '$2 == "stdout" {
      text = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", text); printf "%s%s", text, ($3 == "F" ? "\n" : "")}' "$log"
  return "$status"
}

# skopeo_do ARGUMENT...: skopeo with that same home; add --src-tls-verify=false or --tls-verify=false
# for http registries, and --policy FILE for another policy.
skopeo_do() {
  _containers_environment skopeo "$@"
}

# umoci_unpack LAYOUT TAG BUNDLE: unpacks an image to BUNDLE/rootfs.
umoci_unpack() {
  local gzipped rootless=()
  ((EUID == 0)) || rootless=(--rootless)
  # umoci 0.4.7 knows gzip and no compression ("blob is not correct mediatype: ...tar+zstd").
  gzipped=$(fixture_subdirectory umoci)
  skopeo_do copy --quiet --dest-compress-format=gzip "oci:$1:$2" "oci:$gzipped/layout:latest"
  umoci unpack "${rootless[@]}" --image "$gzipped/layout:latest" "$3"
}

# Ends what podman, run by a user, leaves behind.
_containers_end() {
  local pid_file=$FIXTURE_DIR/podman/tmp/pause.pid
  [[ -s $pid_file ]] || return 0
  # Layers may hold files of other subordinate ids, which only their namespace can remove.
  _containers_environment "${_PODMAN[@]}" unshare rm -rf -- "$FIXTURE_DIR/podman/storage"
  # This process keeps the namespace alive between commands, and would do so for ever.
  kill -KILL "$(<"$pid_file")"
}

_containers_environment() {
  env -u DBUS_SESSION_BUS_ADDRESS -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_CACHE_HOME -u DOCKER_CONFIG \
    -u REGISTRY_AUTH_FILE HOME="$FIXTURE_DIR/podman/home" XDG_RUNTIME_DIR="$FIXTURE_DIR/podman/run" \
    TMPDIR="$FIXTURE_DIR/podman" "$@"
}
