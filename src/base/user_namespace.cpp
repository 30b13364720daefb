// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/user_namespace.hpp"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "cullet/base/error.hpp"

namespace cullet {

namespace {

int write_text(const char* path, std::string_view text) noexcept {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  const int error = ::write(fd, text.data(), text.size()) < 0 ? errno : 0;
  ::close(fd);
  return error;
}

}  // namespace

IdMaps::IdMaps(unsigned user, unsigned group)
    : user_(cat(user, " ", ::geteuid(), " 1")), group_(cat(group, " ", ::getegid(), " 1")) {}

int IdMaps::apply() const noexcept {
  // setgroups must be off before an unprivileged user may map a group (user_namespaces(7)).
  if (const int error = write_text("/proc/self/setgroups", "deny"))
    return error;
  if (const int error = write_text("/proc/self/uid_map", user_))
    return error;
  return write_text("/proc/self/gid_map", group_);
}

}  // namespace cullet
