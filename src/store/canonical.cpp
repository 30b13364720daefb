// SPDX-License-Identifier: Apache-2.0
#include "canonical.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::store {
namespace {

constexpr timespec kTimes[2] = {{0, UTIME_OMIT}, {kFixedTime, 0}};

[[noreturn]] void fail(std::string_view what, std::string_view path) {
  const int error_number = errno;
  throw system_error(cat(what, " '", printable(path), "'"), error_number);
}

std::vector<std::string> list_xattrs(int fd, std::string_view path) {
  std::string names(4096, '\0');
  ssize_t size = -1;
  for (;;) {
    size = ::flistxattr(fd, names.data(), names.size());
    if (size >= 0 || errno != ERANGE)
      break;
    const auto need = ::flistxattr(fd, nullptr, 0);
    names.resize(static_cast<std::size_t>(std::max<ssize_t>(need, 1)) + names.size());
  }
  if (size < 0) {
    if (errno == ENOTSUP)
      return {};
    fail("cannot list the attributes of", path);
  }
  names.resize(static_cast<std::size_t>(size));
  if (names.empty())
    return {};
  names.pop_back();
  return split(names, '\0');
}

/// Whether anything was removed.
bool drop_xattrs(int fd, std::uint32_t mode, std::string_view path) {
  bool dropped = false;
  for (const auto& name : list_xattrs(fd, path)) {
    if (name == "security.capability")
      throw Error(Kind::input, cat("'", printable(path), "' has file capabilities"))
          .hint("capabilities are declared in the recipe's image, not set by a step");
    // Labels of security modules are the machine's, put there by its policy.
    if (name.rfind("security.", 0) == 0)
      continue;
    // Removing user.* takes write permission.
    if (!dropped && ::fchmod(fd, (mode & 0777U) | 0600U) != 0)
      fail("cannot set the mode of", path);
    dropped = true;
    if (::fremovexattr(fd, name.c_str()) != 0 && errno != ENODATA)
      fail(cat("cannot remove the attribute '", printable(name), "' of"), path);
  }
  return dropped;
}

}  // namespace

Sha256 hash_file(int fd, std::uint64_t size, std::string_view path, const Cancel& cancel) {
  Sha256Hasher hasher;
  std::vector<std::byte> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(size + 1, 262144)));
  FdSource source(fd, std::string(path));
  std::uint64_t seen = 0;
  while (const auto count = source.read(buffer)) {
    cancel.check();
    hasher.write({buffer.data(), count});
    seen += count;
    if (seen > size)
      break;
  }
  if (seen != size)
    throw Error(Kind::machine,
                cat("'", printable(path), "' changed its size while it was being read"));
  return hasher.finish();
}

void canonicalise(int fd, std::uint32_t mode, std::string_view path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    fail("cannot examine", path);
  bool set_mode = (status.st_mode & 07777U) != mode;
  // Root may find files that an archive or a step gave to others; a group may come from a setgid
  // directory. In a sandbox such owners would show as nobody.
  if (status.st_uid != ::geteuid() || status.st_gid != ::getegid()) {
    if (::fchown(fd, ::geteuid(), ::getegid()) != 0)
      fail("cannot take the ownership of", path);
    set_mode = true;  // chown(2) clears bits
  }
  // An ACL decides what the group bits mean, so the mode is set after it is gone.
  if (drop_xattrs(fd, mode, path))
    set_mode = true;
  if (set_mode && ::fchmod(fd, mode) != 0)
    fail("cannot set the mode of", path);
  if (!has_tree_time(status))
    set_tree_time(fd, path);
}

void set_tree_time(int fd, std::string_view path) {
  if (::futimens(fd, kTimes) != 0)
    fail("cannot set the time of", path);
}

void set_link_time(int parent, const std::string& name, std::string_view path) {
  if (::utimensat(parent, name.c_str(), kTimes, AT_SYMLINK_NOFOLLOW) != 0)
    fail("cannot set the time of", path);
}

}  // namespace cullet::store
