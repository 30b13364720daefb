// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/utf8.hpp"

namespace cullet {
namespace {

struct Lead {
  std::size_t length;
  unsigned char low, high;  ///< bounds of the second byte (RFC 3629 section 4)
};

std::optional<Lead> lead(unsigned char byte) {
  if (byte < 0x80)
    return Lead{1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF)
    return Lead{2, 0x80, 0xBF};
  if (byte >= 0xE0 && byte <= 0xEF)
    return Lead{3,
                static_cast<unsigned char>(byte == 0xE0 ? 0xA0 : 0x80),
                static_cast<unsigned char>(byte == 0xED ? 0x9F : 0xBF)};
  if (byte >= 0xF0 && byte <= 0xF4)
    return Lead{4,
                static_cast<unsigned char>(byte == 0xF0 ? 0x90 : 0x80),
                static_cast<unsigned char>(byte == 0xF4 ? 0x8F : 0xBF)};
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const auto form = lead(byte(i));
    if (!form || text.size() - i < form->length)
      return i;
    for (std::size_t k = 1; k < form->length; ++k) {
      const auto low = k == 1 ? form->low : 0x80;
      const auto high = k == 1 ? form->high : 0xBF;
      if (byte(i + k) < low || byte(i + k) > high)
        return i;
    }
    i += form->length;
  }
  return std::nullopt;
}

}  // namespace cullet
