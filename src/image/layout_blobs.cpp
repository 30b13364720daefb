// SPDX-License-Identifier: Apache-2.0
#include "layout_blobs.hpp"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/image/oci_layout.hpp"

#include "cancellable_source.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kRoomPrefix = ".cullet-";
constexpr mode_t kBlobMode = 0444;

bool lock_now(int fd, std::string_view name) {
  for (;;) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0)
      return true;
    if (errno == EWOULDBLOCK)
      return false;
    if (errno != EINTR)
      throw system_error(cat("cannot lock ", name), errno);
  }
}

}  // namespace

LayoutLock::LayoutLock(const std::filesystem::path& folder, const Cancel& cancel)
    : folder_(open_directory(folder)) {
  while (!lock_now(folder_.get(), folder.native()))
    cancel.sleep(std::chrono::milliseconds(10));
}

/// A place for one unfinished blob, locked while it is in use.
struct LayoutBlobs::Room {
  TemporaryDirectory directory;
  Fd lock;
};

LayoutBlobs::LayoutBlobs(const std::filesystem::path& folder)
    : folder_(folder), blobs_(folder / kBlobFolder) {}

std::filesystem::path LayoutBlobs::path(const BlobDigest& digest) const {
  return blobs_ / digest.hex();
}

std::optional<std::uint64_t> LayoutBlobs::size(const BlobDigest& digest) const {
  const auto file = path(digest);
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0)
    return S_ISREG(status.st_mode) ? std::optional(static_cast<std::uint64_t>(status.st_size))
                                   : std::nullopt;
  if (errno != ENOENT)
    throw system_error(cat("cannot look at ", file.native()), errno);
  return std::nullopt;
}

Fd LayoutBlobs::open(const BlobDigest& digest) const {
  if (!size(digest))
    throw Error(Kind::refused, cat("blob ", digest, " is missing from oci:", folder_.native()));
  return open_file(path(digest), O_RDONLY);
}

bool LayoutBlobs::link(const Descriptor& blob,
                       const std::filesystem::path& file,
                       const Cancel& cancel) const {
  const Fd from(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  // Someone may write to a writable file later, and that would change the layout's blob.
  if (!from.valid() || ::fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      (status.st_mode & 0222U) != 0 || static_cast<std::uint64_t>(status.st_size) != blob.size)
    return false;
  if (::fsync(from.get()) != 0)
    throw system_error(cat("cannot sync ", file.native()), errno);
  if (::link(file.c_str(), path(blob.digest).c_str()) != 0) {
    // Another file system, the link count's limit, someone else's file: all of them can be copied.
    if (errno != EEXIST)
      return false;
    if (size(blob.digest) != blob.size) {
      const auto room = new_room(cancel);
      const auto linked = room.directory.path() / "blob";
      if (::link(file.c_str(), linked.c_str()) != 0)
        return false;
      place(linked, blob.digest);
      return true;
    }
  }
  sync_directory(blobs_);
  return true;
}

void LayoutBlobs::copy(const Descriptor& blob, Source& from, const Cancel& cancel) const {
  const auto room = new_room(cancel);
  const auto file = room.directory.path() / "blob";
  {
    const auto fd = open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CancellableSource cancellable(from, cancel);
    VerifyingSource verified(cancellable, blob.digest, blob.size);
    FdSink sink(fd.get(), file.native());
    cullet::copy(verified, sink);
    if (::fchmod(fd.get(), kBlobMode) != 0 || ::fsync(fd.get()) != 0)
      throw system_error(cat("cannot write ", file.native()), errno);
  }
  place(file, blob.digest);
}

void LayoutBlobs::place(const std::filesystem::path& from, const BlobDigest& digest) const {
  if (::rename(from.c_str(), path(digest).c_str()) != 0)
    throw system_error(cat("cannot create ", path(digest).native()), errno);
  sync_directory(blobs_);
}

LayoutBlobs::Room LayoutBlobs::new_room(const Cancel& cancel) const {
  // Locked against remove_leftovers() until the room is locked itself.
  const LayoutLock lock(folder_, cancel);
  TemporaryDirectory directory(folder_, kRoomPrefix);
  auto fd = open_directory(directory.path());
  if (!lock_now(fd.get(), directory.path().native()))
    throw Error(Kind::machine, cat("cannot lock ", directory.path().native()));
  return {std::move(directory), std::move(fd)};
}

void LayoutBlobs::remove_leftovers() const {
  const auto folder = open_directory(folder_);
  for (const auto& name : list_directory(folder.get(), folder_.native())) {
    if (!name.starts_with(kRoomPrefix))
      continue;
    const auto room = folder_ / name;
    const auto opened = open_beneath(folder.get(), name, O_RDONLY | O_DIRECTORY);
    if (opened && lock_now(opened->get(), room.native()))
      remove_tree(room);
  }
}

}  // namespace cullet::image
