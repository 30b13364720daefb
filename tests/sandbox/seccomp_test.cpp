// SPDX-License-Identifier: Apache-2.0
#include "cullet/sandbox/seccomp.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/sandbox/sandbox.hpp"

namespace cullet::sandbox {
namespace {

/// Runs Python in the sandbox with `libc` at hand; what it prints.
std::string python(const std::string& script) {
  const char* set = std::getenv("TMPDIR");
  const TemporaryDirectory directory(set != nullptr ? set : "/tmp", "seccomp");
  const auto log = open_file(directory.path() / "log", O_RDWR | O_CREAT);
  Spec spec;
  spec.mounts.push_back({"/", {"/"}, {}});
  spec.argv = {"/usr/bin/python3",
               "-c",
               "import ctypes, os, errno\n"
               "libc = ctypes.CDLL(None, use_errno=True)\n"
               "def call(*a):\n"
               "  r = libc.syscall(*a)\n"
               "  print(errno.errorcode[ctypes.get_errno()] if r < 0 else 'allowed')\n" +
                   script};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  spec.output = log.get();
  run(spec, Cancel());
  return read_file(directory.path() / "log", 1U << 16U);
}

TEST_CASE("seccomp: calls that reach past the sandbox are refused", "[sandbox]") {
#if defined(__x86_64__)
  CHECK(python("call(101, 0, 0, 0, 0)") == "EPERM\n");             // ptrace
  CHECK(python("call(272, 0x10000000)") == "EPERM\n");             // unshare(CLONE_NEWUSER)
  CHECK(python("call(56, 0x10000011, 0, 0, 0, 0)") == "EPERM\n");  // clone(CLONE_NEWUSER)
  CHECK(python("call(435, 0, 0)") == "ENOSYS\n");                  // clone3
  CHECK(python("call(425, 1, 0)") == "ENOSYS\n");                  // io_uring_setup
  CHECK(python("call(250, 0, 0)") == "EPERM\n");                   // keyctl
  CHECK(python("call(103, 3, 0, 0)") == "EPERM\n");                // syslog
  CHECK(python("call(321, 0, 0, 0)") == "EPERM\n");                // bpf
  CHECK(python("call(298, 0, 0, 0, 0, 0)") == "EPERM\n");          // perf_event_open
  CHECK(python("call(165, 0, 0, 0, 0, 0)") == "EPERM\n");          // mount
  CHECK(python("call(16, 0, 0x5412, b'x')") == "EPERM\n");         // ioctl(TIOCSTI)
  CHECK(python("call(16, 0, 0x100005412, b'x')") == "EPERM\n");    // the same, high bits set
  CHECK(python("call(135, 0x0040000)") == "EPERM\n");              // personality
#else
  WARN("skipped: the numbers of this test are x86-64's");
#endif
}

TEST_CASE("seccomp: only the families of sockets that a build uses", "[sandbox]") {
  const auto family = [](int number) {
    return python(cat("import socket\ntry:\n  socket.socket(",
                      number,
                      ", socket.SOCK_RAW if ",
                      number,
                      " == 16 else socket.SOCK_DGRAM)\n  "
                      "print('allowed')\nexcept OSError as e: print(errno.errorcode[e.errno])"));
  };
  CHECK(family(1) == "allowed\n");
  CHECK(family(2) == "allowed\n");
  CHECK(family(10) == "allowed\n");
  CHECK(family(16) == "allowed\n");
  CHECK(family(17) == "EAFNOSUPPORT\n");  // packet
  CHECK(family(40) == "EAFNOSUPPORT\n");  // vsock
  CHECK(family(38) == "EAFNOSUPPORT\n");  // kernel crypto
}

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which of linux/audit.h is this architecture?"
#endif

/// What the filter answers to a call, run as the kernel runs it (seccomp(2)): an errno, or 0 where
/// the call goes on to the kernel. Most calls are refused to one without capabilities anyway, with
/// the same errno: trying them in a sandbox says nothing of the filter.
int verdict(long call, const std::array<std::uint64_t, 6>& arguments = {}) {
  static const std::string program = seccomp_program();
  std::vector<sock_filter> code(program.size() / sizeof(sock_filter));
  std::memcpy(code.data(), program.data(), code.size() * sizeof(sock_filter));
  seccomp_data data{};
  data.nr = static_cast<int>(call);
  data.arch = kArchitecture;
  std::copy(arguments.begin(), arguments.end(), std::begin(data.args));
  std::uint32_t value = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const auto& [operation, yes, no, operand] = code[at];
    switch (operation) {
      case BPF_LD | BPF_W | BPF_ABS:
        REQUIRE(operand + sizeof value <= sizeof data);
        std::memcpy(&value, reinterpret_cast<const char*>(&data) + operand, sizeof value);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        value &= operand;
        break;
      case BPF_JMP | BPF_JA:
        at += operand;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += value == operand ? yes : no;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += value > operand ? yes : no;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += value >= operand ? yes : no;
        break;
      case BPF_RET | BPF_K:
        if (operand == SECCOMP_RET_ALLOW)
          return 0;
        REQUIRE((operand & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO);
        return static_cast<int>(operand & SECCOMP_RET_DATA);
      default:
        FAIL("an operation that this test does not know: " << operation);
    }
  }
  FAIL("the program has no end");
  return 0;
}

TEST_CASE("seccomp: each call that is to be refused is refused by the filter itself", "[sandbox]") {
  const long refused[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_process_madvise,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_fsopen,
    SYS_fsmount,
    SYS_fsconfig,
    SYS_fspick,
    SYS_open_tree,
    SYS_move_mount,
    SYS_mount_setattr,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_syslog,
    SYS_reboot,
    SYS_acct,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_vhangup,
    SYS_fanotify_init,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
  };
  for (const auto call : refused) {
    CAPTURE(call);
    CHECK(verdict(call) == EPERM);
  }
  for (const long call :
       {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_clone3}) {
    CAPTURE(call);
    CHECK(verdict(call) == ENOSYS);
  }
  for (const long call : {SYS_read, SYS_openat, SYS_execve, SYS_clock_gettime, SYS_wait4}) {
    CAPTURE(call);
    CHECK(verdict(call) == 0);
  }
}

TEST_CASE("seccomp: what is refused by its arguments, and what is let through", "[sandbox]") {
  CHECK(verdict(SYS_clone, {SIGCHLD}) == 0);
  for (const unsigned flag : {CLONE_NEWUSER,
                              CLONE_NEWNS,
                              CLONE_NEWPID,
                              CLONE_NEWNET,
                              CLONE_NEWIPC,
                              CLONE_NEWUTS,
                              CLONE_NEWCGROUP}) {
    CAPTURE(flag);
    CHECK(verdict(SYS_clone, {flag}) == EPERM);
    CHECK(verdict(SYS_clone, {flag | CLONE_VM | SIGCHLD}) == EPERM);
  }
  constexpr std::uint64_t kLinux = 0x541C;  // TIOCLINUX
  constexpr std::uint64_t kHighBits = 0xabcd00000000;
  for (const std::uint64_t request : {std::uint64_t{TIOCSTI}, kLinux}) {
    CAPTURE(request);
    CHECK(verdict(SYS_ioctl, {0, request}) == EPERM);
    CHECK(verdict(SYS_ioctl, {0, request | kHighBits}) == EPERM);
  }
  CHECK(verdict(SYS_ioctl, {0, TCGETS}) == 0);
  CHECK(verdict(SYS_personality, {0}) == 0);
  CHECK(verdict(SYS_personality, {0x0040000}) == EPERM);
  for (std::uint64_t family = 0; family < 64; ++family) {
    CAPTURE(family);
    const bool used =
        family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
    CHECK(verdict(SYS_socket, {family}) == (used ? 0 : EAFNOSUPPORT));
  }
}

TEST_CASE("seccomp: the program is not empty and always the same", "[sandbox]") {
  const auto program = seccomp_program();
  CHECK(program.size() % 8 == 0);
  CHECK(program.size() > 80);
  CHECK(program == seccomp_program());
}

}  // namespace
}  // namespace cullet::sandbox
