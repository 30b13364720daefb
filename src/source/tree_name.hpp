// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cullet::source {

/// Whether a git tree may hold the name and a checkout may write it: no '/', not "." or "..", not
/// ".git" in any case (git's own rule), no NUL.
bool is_tree_name(std::string_view name);

}  // namespace cullet::source
