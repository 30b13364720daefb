// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cullet::workspace {

/// Whether a recipe, fork, environment or output may be called so: [a-z0-9][a-z0-9._-]*, at most
/// 100 characters. Such a name is one component of a path, and none that leads elsewhere.
bool is_name(std::string_view text);

}  // namespace cullet::workspace
