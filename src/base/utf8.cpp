// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/utf8.hpp"

namespace cullet {

CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) -> char32_t { return static_cast<unsigned char>(text[i]); };
  const char32_t lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
    return {};
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80)
      return {};
    value = value << 6U | (byte(i) & 0x3FU);
  }
  const bool shortest = length == 2 || value >= (length == 3 ? 0x800U : 0x10000U);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return shortest && !surrogate && value <= 0x10FFFF ? CodePoint{value, length} : CodePoint{};
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto length = decode_utf8(text.substr(i)).length;
    if (length == 0)
      return i;
    i += length;
  }
  return std::nullopt;
}

}  // namespace cullet
