// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {

// The two halves of load(). Builds need both; what adds a fork that a recipe names already, or
// works on forks and keys alone, must do without the second.

/// Each file by itself.
Workspace read(const std::filesystem::path& root, unsigned threads = 1);

/// What they refer to: throws Kind::input, suggesting the nearest, for forks, environments, recipes
/// and outputs that don't exist, and for tags that lack a version.
void check_references(const Workspace& workspace);

}  // namespace cullet::workspace
