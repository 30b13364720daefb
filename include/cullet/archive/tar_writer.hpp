// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "cullet/base/path.hpp"
#include "cullet/base/stream.hpp"

namespace cullet::archive {

enum class EntryType { file, directory, symlink, hardlink };

/// What an archive says of one entry, apart from its bytes.
struct Entry {
  RelativePath path;
  EntryType type = EntryType::file;
  std::uint32_t mode = 0644;  ///< permission bits with setuid, setgid and sticky: 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;  ///< of a file; 0 for all else
  std::string target;      ///< of a symlink: any text; of a hardlink: an earlier entry's path
  std::map<std::string, std::string> xattrs;  ///< written as SCHILY.xattr; name → value
};

/// Writes a layer's tar by the assembly contract (assembly: 1): mtime 1980-01-01T00:00:00Z, no user
/// or group names, 1,024 zero bytes at the end and no further padding. The bytes depend on the
/// calls alone: not on locale, time or umask. The caller gives entries in order; the writer refuses
/// (Kind::internal) an order that is not bytewise ascending. Not thread-safe.
///
/// An entry is plain ustar wherever ustar can say it, names in whatever bytes they have: every tar
/// reader hands such a name out unchanged (GNU tar, bsdtar, Go's archive/tar behind podman and
/// umoci, Python's tarfile), where a pax record would pass through the reader's locale. Only what
/// doesn't fit (a path that can't be split into 155 + 100 bytes, a target over 100, an id over
/// 262,143, a size from 8 GiB on, extended attributes) gets a pax header of just the records
/// needed, with "hdrcharset=BINARY" before a name that is not ASCII.
class TarWriter {
 public:
  /// `out` must outlive the writer. Where it is a Compressor, files are read into its space().
  explicit TarWriter(Sink& out);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;
  TarWriter(TarWriter&&) = delete;
  TarWriter& operator=(TarWriter&&) = delete;

  /// Adds an entry; for a file, reads exactly entry.size bytes from `body` (null only for size 0).
  /// Throws Kind::machine if `body` ends early or has more.
  void add(const Entry& entry, Source* body = nullptr);
  /// Writes the end; the archive is whole only after it.
  void finish();
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t size() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cullet::archive
