// SPDX-License-Identifier: Apache-2.0
#include "cullet/sandbox/seccomp.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>
#include <fcntl.h>
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

TEST_CASE("seccomp: the program is not empty and always the same", "[sandbox]") {
  const auto program = seccomp_program();
  CHECK(program.size() % 8 == 0);
  CHECK(program.size() > 80);
  CHECK(program == seccomp_program());
}

}  // namespace
}  // namespace cullet::sandbox
