#!/usr/bin/env bash
# Steps that try to get out: every way is closed, and the host, the environment, other components
# and the store are as they were.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
e2e_begin
workspace_new
fork_new victim
sed -i 's|make install.*|install -D hello "$OUT/opt/victim"|; /^check:/,$d' "$WORKSPACE/recipes/victim.yaml"
fork_new intruder
cp "$E2E_ROOT/tests/e2e/isolation/"*.c "$FORK_REPOSITORY"
git_do add --all && git_do commit --quiet --message=probe && fork_pin intruder
mark=cullet-isolation-$$-$SRANDOM

# --- what the host has to lose ---
mkdir "$FIXTURE_DIR/host" && echo secret >"$FIXTURE_DIR/host/file"
cat >"$FIXTURE_DIR/server.py" <<'END'
import socket, sys, time
tcp = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind("\0" + sys.argv[1])
unix.listen()
for server in tcp, unix:  # both can be reached from here
    socket.socket(server.family).connect(server.getsockname())
print(tcp.getsockname()[1], flush=True)
time.sleep(3600)
END
process_start "$FIXTURE_DIR/port" "$PYTHON" "$FIXTURE_DIR/server.py" "$mark"
process_await "$PROCESS_PID" "$FIXTURE_DIR/port" grep -q '^[0-9]' "$FIXTURE_DIR/port"
kill -0 "$PROCESS_PID"
export HOST_SECRET=$mark
snapshot() { find "$FIXTURE_DIR/host" /etc/passwd /etc/hostname /usr/bin/intruder /intruder -printf '%p %m %U %s %T@\n' 2>/dev/null; hostname; }
before=$(snapshot)

recipe() {  # recipe STEP...: the intruder's recipe, with these steps
  cat >"$WORKSPACE/recipes/intruder.yaml" <<END
fork: intruder
environment: c
needs: [victim]
env:
  HOST_PID: "$PROCESS_PID"
  HOST_PORT: "$(<"$FIXTURE_DIR/port")"
  HOST_SOCKET: $mark
  HOST_FILE: $FIXTURE_DIR/host/file
  HOST_STORE: $(realpath "$CULLET_STORE")
steps:
$(printf '  - run: |\n      %s\n' "$@")
image:
  contents: [intruder]
END
}
build=("$CULLET" build intruder)

# --- one program that tries everything that can be tried with a call ---
# shellcheck disable=SC2016 # $OUT is the step's
recipe 'gcc -w -O1 -o /tmp/probe probe.c && /tmp/probe >"$OUT/report"' \
  'grep -E "^(Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\t" >"$OUT/status"' \
  'cp /bin/sh "$OUT/sh" && chmod 4755 "$OUT/sh" && "$OUT/sh" -p -c "id -u" >"$OUT/setuid"; rm "$OUT/sh"'
in_workspace "${build[@]}" >/dev/null
in_workspace "$CULLET" cat intruder report >"$FIXTURE_DIR/report"
# Only root's steps are told that /proc is read-only: others may not write there anyway. Not every
# machine has a sysrq-trigger, and on another than x86-64 there is one probe fewer.
sed -i -E 's/^(sysctl|sysrq) (ENOENT|EACCES)$/\1 EROFS/' "$FIXTURE_DIR/report"
{ [[ $(uname -m) == x86_64 ]] && cat || grep -v '^32-bit-call '; } <<'END' | diff - "$FIXTURE_DIR/report"
host-descriptors EBADF
host-tcp ECONNREFUSED
host-abstract-socket ECONNREFUSED
host-file ENOENT
host-store ENOENT
host-users ENOENT
host-signal ESRCH
host-process ENOENT
host-environment ENOENT
host-sysfs ENOENT
host-disks ENOENT
host-kmsg ENOENT
host-memory ENOENT
setuid EINVAL
setgroups EPERM
mount EPERM
remount EPERM
umount EPERM
chroot EPERM
pivot-root EPERM
mknod-char EPERM
mknod-block EPERM
chown EINVAL
sethostname EPERM
settimeofday EPERM
priority EACCES
reboot EPERM
swapon EPERM
acct EPERM
raw-socket EPERM
packet-socket EAFNOSUPPORT
vsock EAFNOSUPPORT
capability EPERM
ptrace EPERM
read-memory EPERM
add-key EPERM
keyctl EPERM
request-key EPERM
io-uring ENOSYS
unshare-user EPERM
unshare-net EPERM
clone-user EPERM
clone3 ENOSYS
setns EPERM
kernel-log EPERM
bpf EPERM
perf EPERM
userfaultfd EPERM
modules EPERM
kexec EPERM
file-handles EPERM
tiocsti EPERM
personality EPERM
32-bit-call ENOSYS
write-root EROFS
write-environment EROFS
overwrite-environment EROFS
remove-environment EROFS
chmod-environment EROFS
overwrite-component EROFS
link-component EXDEV
sysctl EROFS
sysrq EROFS
device-mode EROFS
oom-score EROFS
process-1-root ENOENT
END
echo "ok: $(wc -l <"$FIXTURE_DIR/report") ways out are closed"
same "$(in_workspace "$CULLET" cat intruder status | tr '\n' ' ')" \
  'CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2 ' \
  'no capability, no new privileges, a filter'
same "$(in_workspace "$CULLET" cat intruder setuid)" 1000 'a setuid program gains nothing'

# --- a process left behind ---
recipe "gcc -w -o leave leave.c && ./leave process $mark"
in_workspace "${build[@]}" >/dev/null 2>"$FIXTURE_DIR/err" || { status=$?; cat "$FIXTURE_DIR/err"; exit "$status"; }
if pgrep -f "leave process $mark" >/dev/null; then echo 'FAILED: a process outlived its step'; exit 1; fi
in_workspace "$CULLET" ls intruder | grep started >/dev/null
echo 'ok: no process outlives its step'

# --- what a step leaves in $OUT ---
refused() {  # refused STATUS TEXT STEP
  recipe "$3"
  expect "$1" "$2" "${build[@]}"
}
# shellcheck disable=SC2016 # all of it is the step's
{
  refused 1 "'pipe' is a fifo" 'mkfifo $OUT/pipe'
  refused 5 'Operation not permitted' 'mknod $OUT/device c 1 3'
  refused 1 "'set' is setuid" 'cp /bin/true $OUT/set && chmod 4755 $OUT/set'
  refused 1 "'set' is setgid" 'mkdir $OUT/set && chmod 2755 $OUT/set'
  refused 1 'the tree holds more than 16.0 GiB' 'truncate -s 60G $OUT/sparse'
  refused 5 'it wrote a file larger than 64.0 GiB' 'truncate -s 1T $OUT/sparse'
  refused 1 'is a path of more than' 'gcc -o /tmp/leave leave.c && /tmp/leave deep'
  refused 1 "'socket' is a socket" 'gcc -o /tmp/leave leave.c && /tmp/leave socket'
}

# Links out of $OUT stay what they are, odd names and lost permissions are taken, and nothing outside
# is read or changed by any of it.
# shellcheck disable=SC2016
recipe 'ln -s /etc/passwd "$OUT/absolute"; ln -s ../../../../etc/shadow "$OUT/relative"; ln -s / "$OUT/root"' \
  'printf x >"$OUT/$(printf "new\\nline")"; printf x >"$OUT/$(printf "latin\\351")"; printf x >"$OUT/-rf"' \
  'mkdir -p "$OUT/closed/in"; echo x >"$OUT/closed/in/file"; ln "$OUT/closed/in/file" "$OUT/hard"; chmod 0 "$OUT/closed/in/file" "$OUT/closed/in" "$OUT/closed"'
in_workspace "${build[@]}" >/dev/null 2>"$FIXTURE_DIR/err" || { status=$?; cat "$FIXTURE_DIR/err"; exit "$status"; }
in_workspace "$CULLET" ls intruder >"$FIXTURE_DIR/ls"
grep -q 'absolute -> /etc/passwd' "$FIXTURE_DIR/ls"
grep -qF 'new\x0aline' "$FIXTURE_DIR/ls"
in_workspace "$CULLET" ls intruder --json | holds .
same "$(in_workspace "$CULLET" cat intruder hard)" x 'a file without permissions was read'
expect 1 '' "$CULLET" cat intruder absolute
bundle=$(fixture_subdirectory bundle)
containers_begin
umoci_unpack "$WORKSPACE/.cullet/registry/intruder" 1.0.0 "$bundle/unpacked"
same "$(readlink "$bundle/unpacked/rootfs/relative")" ../../../../etc/shadow 'links are data'
test -e "$bundle/unpacked/rootfs/"$'new\nline'
test -e "$bundle/unpacked/rootfs/"$'latin\351'
echo 'ok: umoci has every name'

same "$(snapshot)" "$before" 'the host is as it was'
in_workspace "$CULLET" store check
