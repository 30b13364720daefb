// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"

namespace cullet::store {

/// A file or directory of the store that is named by a digest.
struct Item {
  std::filesystem::path path;
  std::optional<Sha256> digest;  ///< absent: it is not named as everything in this place is
};

/// What is in <directory>/<64 hex>, in order.
std::vector<Item> list_flat(const std::filesystem::path& directory);
/// What is in <directory>/ab/<64 hex>, in order.
std::vector<Item> list_sharded(const std::filesystem::path& directory);

/// lstat(2); nullopt for what is not there (any more). Throws Kind::machine where nobody can tell.
std::optional<struct stat> find_status(const std::filesystem::path& path);

/// Sizes of files, each inode counted once.
class DiskUse {
 public:
  /// Adds all regular files below `directory`. What vanishes meanwhile, or can't be
  /// opened, counts as absent.
  void add(const std::filesystem::path& directory, const Cancel& cancel);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Of the inodes that have no links but those added: what removing them would free.
  [[nodiscard]] std::uint64_t only_here() const;

 private:
  struct Linked {
    std::uint64_t unseen;  // links that were not met
    std::uint64_t size;
  };
  std::uint64_t bytes_ = 0;
  std::map<std::pair<dev_t, ino_t>, Linked> linked_;
};

}  // namespace cullet::store
