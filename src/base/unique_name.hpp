// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cullet {

/// "PREFIX-" and 20 random hexadecimal digits: a file name that nobody can foresee.
std::string unique_name(std::string_view prefix);
/// Whether it could be one of unique_name(prefix).
bool is_unique_name(std::string_view name, std::string_view prefix);

}  // namespace cullet
