// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/percent.hpp"

namespace cullet {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

}  // namespace

std::string percent_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xfU];
    }
  }
  return out;
}

std::string percent_unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto high = i + 2 < text.size() ? kDigits.find(text[i + 1]) : std::string_view::npos;
    const auto low = i + 2 < text.size() ? kDigits.find(text[i + 2]) : std::string_view::npos;
    if (text[i] == '%' && high != std::string_view::npos && low != std::string_view::npos) {
      out += static_cast<char>((high << 4U) | low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace cullet
