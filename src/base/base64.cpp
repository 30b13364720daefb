// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/text.hpp"

namespace cullet {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 3))) {
    const auto count = std::min<std::size_t>(bytes.size(), 3);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8U | (i < count ? static_cast<unsigned char>(bytes[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? kAlphabet[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (; !text.empty(); text.remove_prefix(4)) {
    std::size_t count = 4;
    if (text.size() == 4 && text[3] == '=')
      count = text[2] == '=' ? 2 : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto value = i < count ? kAlphabet.find(text[i]) : 0;
      if (value == kAlphabet.npos)
        return std::nullopt;
      group = group << 6U | static_cast<std::uint32_t>(value);
    }
    // Bits that no byte takes must be zero, or one value would have several texts.
    if ((group & ((1U << (8 * (4 - count))) - 1U)) != 0)
      return std::nullopt;
    for (std::size_t i = 0; i + 1 < count; ++i)
      bytes += static_cast<char>(group >> (16 - 8 * i) & 255U);
  }
  return bytes;
}

}  // namespace cullet
