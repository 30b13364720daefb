// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cullet/base/path.hpp"

namespace cullet::environment {

/// The directories that a merged /usr moves below usr/, leaving links behind.
inline constexpr std::array<std::string_view, 6> kMergedDirectories{
    "bin", "lib", "lib32", "lib64", "libx32", "sbin"};

/// Where a package's path is in a merged tree: "lib/x" becomes "usr/lib/x".
RelativePath merged_path(const RelativePath& path);

/// The text of the symlink that a package has at `path`, for its place in a merged tree. It stays
/// as it is wherever it still leads to the same file; only a relative one that was moved and climbs
/// out of its top-level directory is written anew.
std::string merged_target(const RelativePath& path, const std::string& target);

}  // namespace cullet::environment
