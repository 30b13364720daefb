// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "cullet/base/cancel.hpp"
#include "cullet/base/file.hpp"
#include "cullet/image/descriptor.hpp"

namespace cullet::image {

/// The exclusive right to change a layout, across threads and processes: flock(2) on its folder,
/// which goes with the process, whatever ends it.
class LayoutLock {
 public:
  /// Waits; throws Kind::interrupted.
  LayoutLock(const std::filesystem::path& folder, const Cancel& cancel);

 private:
  Fd folder_;
};

/// The blobs/sha256 of a layout. A blob appears under its name only when it is whole and synced.
/// Unfinished ones lie in ".cullet-…" beside it, each directory locked by its writer, so that what
/// a dead writer left is known as such. Thread-safe.
class LayoutBlobs {
 public:
  explicit LayoutBlobs(const std::filesystem::path& folder);

  [[nodiscard]] std::filesystem::path path(const BlobDigest& digest) const;
  /// Nullopt when there is none.
  [[nodiscard]] std::optional<std::uint64_t> size(const BlobDigest& digest) const;
  /// Throws Kind::refused when absent.
  [[nodiscard]] Fd open(const BlobDigest& digest) const;

  /// Hard-links `file`, which holds the blob; false where it isn't an immutable file of that size
  /// or the file system can't link it. Durable on return.
  bool link(const Descriptor& blob, const std::filesystem::path& file, const Cancel& cancel) const;
  /// Copies and verifies. Durable on return.
  void copy(const Descriptor& blob, Source& from, const Cancel& cancel) const;
  /// Removes what dead writers left. The caller holds the LayoutLock.
  void remove_leftovers() const;

 private:
  struct Room;
  [[nodiscard]] Room new_room(const Cancel& cancel) const;
  void place(const std::filesystem::path& from, const BlobDigest& digest) const;

  std::filesystem::path folder_;
  std::filesystem::path blobs_;
};

}  // namespace cullet::image
