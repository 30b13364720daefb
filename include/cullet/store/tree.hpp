// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/base/path.hpp"

namespace cullet::store {

enum class TreeEntryType { file, directory, symlink, hardlink };

/// One entry of a tree with canonical metadata: mode 0755 or 0644 (executable by anyone, or not),
/// 0755 for directories, 0777 for symlinks, other bits only where declared; a hardlink has the mode
/// of its file. No owner, no time.
struct TreeEntry {
  RelativePath path;
  TreeEntryType type = TreeEntryType::file;
  std::uint32_t mode = 0644;
  std::uint64_t size = 0;  ///< of a file
  Sha256 content;          ///< of a file
  std::string target;      ///< of a symlink (any bytes); of a hardlink: the first path of the file

  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

/// The canonical list of what a tree holds. Invariants: sorted bytewise by path, no path twice,
/// every parent directory present, a hardlink's target is an earlier file. Immutable.
///
/// Serialised (the bytes that TreeDigest hashes), a line each, paths and targets with bytes below
/// 0x21, above 0x7e and '%' as %XX (upper-case digits):
///   cullet-tree 1
///   d 0755 usr
///   f 0644 1234 <64 hex> usr/include/zlib.h
///   l usr/lib/libz.so libz.so.1
///   h usr/bin/b usr/bin/a
class TreeManifest {
 public:
  /// Throws Kind::internal where an invariant does not hold. Fields that mean nothing for an
  /// entry's type (a symlink's mode, a directory's size, …) are set to their one canonical value.
  explicit TreeManifest(std::vector<TreeEntry> entries);
  /// Throws Kind::refused, naming the line, for anything that serialize() would not have written.
  static TreeManifest parse(std::string_view text);

  [[nodiscard]] std::string serialize() const;
  [[nodiscard]] TreeDigest digest() const;
  [[nodiscard]] const std::vector<TreeEntry>& entries() const noexcept { return entries_; }
  [[nodiscard]] const TreeEntry* find(std::string_view path) const;

  /// The part whose non-directory entries satisfy `keep`, with just the parent directories they
  /// need (and directories that `keep` accepts). Where a hardlink stays and its target does not,
  /// the first that stays becomes the file.
  template <class Keep>
  [[nodiscard]] TreeManifest filter(const Keep& keep) const;

 private:
  struct Settled {};  ///< the entries are known to satisfy the invariants
  TreeManifest(std::vector<TreeEntry> entries, Settled) : entries_(std::move(entries)) {}
  [[nodiscard]] TreeManifest filtered(const std::vector<bool>& keep) const;
  std::vector<TreeEntry> entries_;
};

template <class Keep>
TreeManifest TreeManifest::filter(const Keep& keep) const {
  std::vector<bool> kept;
  kept.reserve(entries_.size());
  for (const auto& entry : entries_)
    kept.push_back(keep(entry));
  return filtered(kept);
}

/// The longest path in a tree: PATH_MAX without its NUL byte, so that whatever a tree holds can be
/// opened with one system call relative to its root.
inline constexpr std::size_t kMaxPath = 4095;

/// What capture() allows beyond the canonical.
struct CapturePolicy {
  /// Declared modes of files and directories by path, setuid and setgid included. Paths that the
  /// tree doesn't hold are ignored; linked paths share one mode.
  std::map<std::string, std::uint32_t> modes;
  std::uint64_t max_bytes = std::uint64_t{16} << 30U;  ///< of file sizes, holes included
  std::uint64_t max_entries = 2'000'000;
};

/// Reads the tree below `root`, hashing file contents on `threads` threads, and brings the files on
/// disk to the canonical form while doing so: modes, mtime 1980-01-01T00:00:00Z (what a step sees
/// of a tree must not depend on when it was made), the caller as owner, no xattrs or ACLs (only the
/// labels of the machine's security modules stay). Files linked to one inode become hardlinks.
/// Symlink targets are kept as they are and never followed. Directories and files that lost their
/// permissions are readable again afterwards. Throws Kind::input for devices, fifos, sockets,
/// undeclared setuid or setgid, file capabilities, paths longer than kMaxPath, other file systems
/// mounted inside, and beyond the policy's bounds (before reading the file that breaks them),
/// naming the path. Hostile content is expected, but nobody may be changing it meanwhile; a change
/// that is noticed throws Kind::machine. The result does not depend on `threads`.
///
/// On disk, setuid and setgid are never set (the store must not offer such programs to the
/// machine's other users: they are in the manifest alone), and the owner can always read.
TreeManifest capture(const std::filesystem::path& root,
                     const CapturePolicy& policy,
                     unsigned threads,
                     const Cancel& cancel);

}  // namespace cullet::store
