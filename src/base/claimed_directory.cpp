// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/claimed_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unique_name.hpp"

namespace cullet {

namespace {

/// Whether nobody had it, and it is still there and this user's: then the lock is held.
bool claim(const Fd& directory) {
  struct stat status {};
  return ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0 &&
         ::fstat(directory.get(), &status) == 0 && status.st_nlink > 0 &&
         status.st_uid == ::geteuid();
}

void remove_abandoned(const std::filesystem::path& parent, std::string_view prefix) {
  const auto place = open_directory(parent);
  for (const auto& name : list_directory(place.get(), parent.native())) {
    if (!is_unique_name(name, prefix))
      continue;
    const Fd found(
        ::openat(place.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (found.valid() && claim(found))
      remove_tree(parent / name);
  }
}

using Claimed = std::pair<TemporaryDirectory, Fd>;

Claimed make_claimed(const std::filesystem::path& parent, std::string_view prefix) {
  for (;;) {
    TemporaryDirectory fresh(parent, prefix);
    Fd lock(::open(fresh.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (lock.valid() && claim(lock))
      return {std::move(fresh), std::move(lock)};
    // Another took it for abandoned before it was locked: once more.
  }
}

}  // namespace

ClaimedDirectory::ClaimedDirectory(const std::filesystem::path& parent, std::string_view prefix)
    : claimed_((remove_abandoned(parent, prefix), make_claimed(parent, prefix))) {}

}  // namespace cullet
