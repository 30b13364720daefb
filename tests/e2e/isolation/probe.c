// SPDX-License-Identifier: Apache-2.0
// Run by a step: tries to get out, one way after the other, and prints how each went:
// "NAME ERRNO", or "NAME open" where it succeeded. What it looks for is in its environment.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static void report(const char* name, long result) {
  printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "open");
}
#define TRY(name, call) (errno = 0, report(name, (long)(call)))

static const char* given(const char* name) {
  const char* value = getenv(name);
  return value != NULL ? value : "/not/given";
}

static int tcp(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr*)&to, sizeof to);
}

static int abstract(const char* name) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  memcpy(to.sun_path + 1, name, strlen(name));
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

static int visible(const char* path) { return access(path, F_OK); }
static int writable(const char* path) { return open(path, O_WRONLY | O_CREAT, 0666); }

static void host(void) {
  char path[64];
  TRY("host-descriptors", fcntl(3, F_GETFD));
  const int pid = atoi(given("HOST_PID"));
  TRY("host-tcp", tcp(atoi(given("HOST_PORT"))));
  TRY("host-abstract-socket", abstract(given("HOST_SOCKET")));
  TRY("host-file", visible(given("HOST_FILE")));
  TRY("host-store", visible(given("HOST_STORE")));
  TRY("host-users", visible("/etc/shadow"));
  TRY("host-signal", kill(pid, 0));
  snprintf(path, sizeof path, "/proc/%d", pid);
  TRY("host-process", visible(path));
  TRY("host-environment", getenv("HOST_SECRET") ? 0 : (errno = ENOENT, -1));
  TRY("host-sysfs", visible("/sys/kernel"));
  TRY("host-disks", visible("/dev/vda"));
  TRY("host-kmsg", visible("/dev/kmsg"));
  TRY("host-memory", visible("/dev/mem"));
}

static void privileges(void) {
  struct timeval now = {0};
  TRY("setuid", setuid(0));
  TRY("setgroups", setgroups(0, NULL));
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
  TRY("remount", mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL));
  TRY("umount", umount2("/proc", MNT_DETACH));
  TRY("chroot", chroot("/tmp"));
  TRY("pivot-root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
  TRY("mknod-char", mknod("/tmp/c", S_IFCHR | 0666, 0x103));
  TRY("mknod-block", mknod("/tmp/b", S_IFBLK | 0666, 0x103));
  TRY("chown", chown("/build", 0, 0));
  TRY("sethostname", sethostname("x", 1));
  TRY("settimeofday", settimeofday(&now, NULL));
  TRY("priority", setpriority(PRIO_PROCESS, 0, -20));
  TRY("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));
  TRY("swapon", syscall(SYS_swapon, "/tmp/c", 0));
  TRY("acct", syscall(SYS_acct, NULL));
  TRY("raw-socket", socket(AF_INET, SOCK_RAW, 1));
  TRY("packet-socket", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
  TRY("capability", syscall(SYS_capset, (unsigned[]){0x20080522, 0},
                            (unsigned[]){1 << 21, 1 << 21, 0, 0, 0, 0}));
}

static void kernel(void) {
  char line[8];
  TRY("ptrace", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
  TRY("read-memory", process_vm_readv(1, NULL, 0, NULL, 0, 0));
  TRY("add-key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
  TRY("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  TRY("request-key", syscall(SYS_request_key, "user", "x", NULL, -3));
  TRY("io-uring", syscall(SYS_io_uring_setup, 1, NULL));
  TRY("unshare-user", unshare(CLONE_NEWUSER));
  TRY("unshare-net", unshare(CLONE_NEWNET));
  TRY("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  TRY("clone3", syscall(SYS_clone3, NULL, 0));
  TRY("setns", setns(open("/proc/1/ns/net", O_RDONLY), 0));
  TRY("kernel-log", syscall(SYS_syslog, 3, line, sizeof line));
  TRY("bpf", syscall(SYS_bpf, 0, NULL, 0));
  TRY("perf", syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0));
  TRY("userfaultfd", syscall(SYS_userfaultfd, 0));
  TRY("modules", syscall(SYS_init_module, NULL, 0, ""));
  TRY("kexec", syscall(SYS_kexec_load, 0, 0, NULL, 0));
  TRY("file-handles", syscall(SYS_open_by_handle_at, -1, NULL, 0));
  TRY("tiocsti", ioctl(0, TIOCSTI, "x"));
  TRY("personality", syscall(SYS_personality, 0x0040000));
#ifdef __x86_64__
  long pid = 20;  // getpid of the 32-bit table, which the filter does not know
  __asm__ volatile("int $0x80" : "+a"(pid) : : "memory", "r8", "r9", "r10", "r11");
  errno = pid < 0 ? (int)-pid : 0;
  report("32-bit-call", pid);
#endif
}

static void writes(void) {
  TRY("write-root", writable("/intruder"));
  TRY("write-environment", writable("/usr/bin/intruder"));
  TRY("overwrite-environment", writable("/usr/bin/gcc"));
  TRY("remove-environment", unlink("/usr/bin/gcc"));
  TRY("chmod-environment", chmod("/usr/bin/gcc", 0777));
  TRY("overwrite-component", writable("/opt/victim"));
  TRY("link-component", link("/opt/victim", "/out/victim"));
  TRY("sysctl", writable("/proc/sys/kernel/core_pattern"));
  TRY("sysrq", writable("/proc/sysrq-trigger"));
  TRY("device-mode", chmod("/dev/null", 0666));
  TRY("oom-score", writable("/proc/1/oom_score_adj"));
  TRY("process-1-root", open("/proc/1/root/etc/shadow", O_RDONLY));
}

int main(void) {
  host();
  privileges();
  kernel();
  writes();
  return 0;
}
