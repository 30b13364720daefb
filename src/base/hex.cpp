// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/hex.hpp"

namespace cullet {

namespace {
constexpr std::string_view kDigits = "0123456789abcdef";
}  // namespace

std::string hex(Bytes bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto each : bytes) {
    const auto byte = std::to_integer<unsigned>(each);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of(kDigits) == text.npos;
}

}  // namespace cullet
