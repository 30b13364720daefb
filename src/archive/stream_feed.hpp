// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <vector>

#include "cullet/base/stream.hpp"

#include "libarchive.hpp"

namespace cullet::archive {

/// Feeds a Source to libarchive. Exceptions may not pass through C: they are kept and come out of
/// rethrow(). Both the source and the feed must outlive the archive.
class StreamFeed {
 public:
  explicit StreamFeed(Source& source);

  /// archive_read_open(3) on this feed.
  int open(::archive* archive);
  /// Throws what the source threw, if it did. To be called after any libarchive call that failed.
  void rethrow() const;
  /// Reads the source to its end, so that what verifies it gets to see that end; returns how many
  /// bytes it had in all. Stops once there are more than `limit`.
  std::uint64_t drain(std::uint64_t limit);
  /// Whether the 512 bytes at `offset` were handed out and are all zero. Only the last two chunks
  /// are remembered; blocks before them count as not zero.
  [[nodiscard]] bool zero_block(std::uint64_t offset) const;

 private:
  /// A multiple of tar's 512, and always filled, so that no block lies across two chunks.
  static constexpr std::size_t kChunk = 128U << 10U;
  struct Chunk {
    std::vector<std::byte> bytes;
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };

  static la_ssize_t read(::archive* archive, void* self, const void** buffer);
  std::size_t next_chunk();

  Source& source_;
  std::array<Chunk, 2> chunks_;
  unsigned current_ = 0;
  std::uint64_t offset_ = 0;
  std::exception_ptr failure_;
};

}  // namespace cullet::archive
