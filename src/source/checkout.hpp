// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "file_tree.hpp"

namespace cullet::source {

/// Writes the tree below `root`, an empty directory: bytes as git holds them, without any filter or
/// line-end conversion; modes 0644 and 0755 whatever the umask; symlinks as they are. Nothing is
/// written through a symlink. Gitlinks become empty directories. Throws Kind::input beyond 16 GiB.
void checkout(const FileTree& tree, const std::filesystem::path& root, const Cancel& cancel);

}  // namespace cullet::source
