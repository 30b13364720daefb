// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "cullet/base/cancel.hpp"

namespace cullet::build {

inline constexpr std::size_t kDisorderLayers = 3;

/// Lays a tree's directory out as kDisorderLayers ones below `into`, to be mounted over each other
/// with overlayfs, the first on top: the same files (hard links), in another order. The kernel
/// lists what the lowest has first; so in every directory, what the file system lists first goes on
/// top. Directories are in all layers, but for one of a directory that holds nothing else, which is
/// left out of the lowest; where that happens below itself more often than there are layers, the
/// order stays. `into` is on the tree's file system.
std::vector<std::filesystem::path> disordered(const std::filesystem::path& tree,
                                              const std::filesystem::path& into,
                                              const Cancel& cancel);

}  // namespace cullet::build
