// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace cullet {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  ///< in bytes; 0: the bytes are not UTF-8
};

/// The code point that `text`, which is not empty, starts with, where it is well-formed UTF-8 (RFC
/// 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
CodePoint decode_utf8(std::string_view text);

/// The offset of the first byte that doesn't belong to well-formed UTF-8.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

}  // namespace cullet
