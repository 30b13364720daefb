// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {

/// The keys of a patch with their values as YAML, in the order that they are written.
std::vector<std::pair<std::string, std::string>> patch_fields(const Patch& patch);

}  // namespace cullet::workspace
