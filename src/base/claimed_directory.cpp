// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/claimed_directory.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unique_name.hpp"

namespace cullet {

namespace {

/// Whether nobody has it, so that it was abandoned; the lock is held then, while it is removed.
bool is_abandoned(const Fd& directory) {
  struct stat status {};
  return ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0 &&
         ::fstat(directory.get(), &status) == 0 && status.st_uid == ::geteuid();
}

/// Whether another has taken a new directory for abandoned before it could be locked. A file system
/// without locks takes none away.
bool was_taken(const Fd& directory) {
  struct stat status {};
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK;
  return ::fstat(directory.get(), &status) == 0 && status.st_nlink == 0;
}

void remove_abandoned(const std::filesystem::path& parent, std::string_view prefix) {
  const auto place = open_directory(parent);
  for (const auto& name : list_directory(place.get(), parent.native())) {
    if (!is_unique_name(name, prefix))
      continue;
    const Fd found(
        ::openat(place.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (found.valid() && is_abandoned(found))
      remove_tree(parent / name);
  }
}

using Claimed = std::pair<TemporaryDirectory, Fd>;

Claimed make_claimed(const std::filesystem::path& parent, std::string_view prefix) {
  for (;;) {
    TemporaryDirectory fresh(parent, prefix);
    Fd lock(::open(fresh.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (lock.valid() ? !was_taken(lock) : errno != ENOENT)
      return {std::move(fresh), std::move(lock)};
  }
}

}  // namespace

ClaimedDirectory::ClaimedDirectory(const std::filesystem::path& parent, std::string_view prefix)
    : claimed_((remove_abandoned(parent, prefix), make_claimed(parent, prefix))) {}

}  // namespace cullet
