// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/stream.hpp"

namespace cullet::archive {

/// Bounds on what an archive may unfold to; beyond them reading throws Kind::input.
struct Limits {
  std::uint64_t bytes = std::uint64_t{16} << 30U;  ///< of all entries together
  std::uint64_t entries = 2'000'000;
  std::uint64_t path_length = 4095;  ///< PATH_MAX without its NUL byte: what a tree can hold
  /// Bytes of paths, link targets and extended attributes together: few compressed bytes may be
  /// many, and lists of them are held in memory.
  std::uint64_t names = std::uint64_t{256} << 20U;
};

/// Which formats a reader accepts; anything else is Kind::input.
enum class Format { tar, tar_or_zip, ar };

/// Reads an archive from front to back (libarchive behind it). Archives are hostile: an entry whose
/// path is absolute or holds "..", a hard link out of the root, a device, fifo or socket, a
/// malformed header or a truncated end throws Kind::input naming the archive and the entry. Leading
/// "./" is dropped and the root's own entry skipped. Not thread-safe.
class Reader {
 public:
  /// Tar may be compressed with gzip, bzip2, xz or zstd. `source` must outlive the reader; `name`
  /// is for errors.
  Reader(Source& source, std::string name, Format format, const Limits& limits = {});
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  Reader(Reader&&) = delete;
  Reader& operator=(Reader&&) = delete;

  /// The next entry, or nullopt at a proper end. Skips what is unread of the one before.
  std::optional<Entry> next();
  /// The modification time of the entry that next() returned last, in seconds since the epoch, as
  /// the archive states it.
  [[nodiscard]] std::int64_t mtime() const;
  /// The current file's bytes, valid until next().
  Source& body();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Maps an entry to what is unpacked; nullopt skips it.
using Rewrite = std::function<std::optional<Entry>(Entry)>;

/// Unpacks the rest of `reader` below the directory `root`. Files get mode & 0777 (u+rw added), no
/// owner, no setuid, no xattrs, no times. Every path is resolved without following a symlink that
/// the archive made, so nothing is written outside `root`; a file over an existing file replaces
/// it, a directory over a directory merges, anything else on top of another type throws
/// Kind::input. Returns the number of entries.
std::uint64_t unpack(Reader& reader, int root, const Rewrite& rewrite = nullptr);

}  // namespace cullet::archive
