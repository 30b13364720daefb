// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cullet/base/stream.hpp"

namespace cullet {

/// Two lower-case hexadecimal digits for each byte.
std::string hex(Bytes bytes);
/// Whether it is exactly so many lower-case hexadecimal digits.
bool is_hex(std::string_view text, std::size_t digits);

}  // namespace cullet
