// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::http {

constexpr int kNotAllowed = 77;

inline bool enter_namespaces(int more) {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | more) != 0)
    return false;
  const auto put = [](const char* file, const std::string& text) {
    write_all(open_file(file, O_WRONLY).get(), as_bytes(text), file);
  };
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", cat("0 ", uid, " 1"));
  put("/proc/self/gid_map", cat("0 ", gid, " 1"));
  return true;
}

inline bool lay_over(const std::string& mine, const char* place) {
  return ::mount(mine.c_str(), place, nullptr, MS_BIND, nullptr) == 0;
}

/// In a network of its own.
inline bool raise_loopback() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::string("lo").copy(request.ifr_name, IFNAMSIZ);
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// What `work` returns in a process of its own, which may change what it sees of the machine; 70
/// for an exception.
template <class Work>
int in_own_process(const Work& work) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int result = 70;
    try {
      result = work();
    } catch (...) {
    }
    ::_exit(result);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace cullet::http
