// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <sys/stat.h>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/base/fixed_time.hpp"
#include "cullet/store/tree.hpp"

namespace cullet::store {

/// The permission bits that an entry of a tree has on disk.
constexpr std::uint32_t disk_mode(TreeEntryType type, std::uint32_t mode) {
  return (mode & 01777U) | (type == TreeEntryType::directory ? 0700U : 0400U);
}

constexpr bool has_tree_time(const struct stat& status) {
  return status.st_mtim.tv_sec == kFixedTime && status.st_mtim.tv_nsec == 0;
}

/// Hashes exactly `size` bytes from `fd`; throws Kind::machine, naming `path`, when there are fewer
/// or more.
Sha256 hash_file(int fd, std::uint64_t size, std::string_view path, const Cancel& cancel);

/// Brings an open file or directory to the canonical form on disk with permission bits `mode`.
void canonicalise(int fd, std::uint32_t mode, std::string_view path);
/// Sets mtime (and nothing else of the time stamps) of an open file or directory.
void set_tree_time(int fd, std::string_view path);
/// Likewise for a symlink called `name` in `parent`.
void set_link_time(int parent, const std::string& name, std::string_view path);

}  // namespace cullet::store
