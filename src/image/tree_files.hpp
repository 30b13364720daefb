// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "cullet/base/file.hpp"
#include "cullet/store/tree.hpp"

namespace cullet::image {

/// Opens the files of a tree on disk, in the order of its manifest. The directory of the last file
/// stays open, as the next one is mostly beside it. Not thread-safe.
class TreeFiles {
 public:
  explicit TreeFiles(const std::filesystem::path& root);
  /// Throws Kind::refused where it is missing or no regular file: the tree isn't what its manifest
  /// says.
  Fd open(const store::TreeEntry& entry);

 private:
  Fd root_;
  Fd directory_;
  std::string directory_path_;
};

}  // namespace cullet::image
