// SPDX-License-Identifier: Apache-2.0
#include "base85.hpp"

#include <cstdint>
#include <limits>

namespace cullet::source {
namespace {

constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
constexpr std::size_t kGroup = 5, kBytes = 4;

std::size_t length_of(char letter) {
  if (letter >= 'A' && letter <= 'Z')
    return static_cast<std::size_t>(letter - 'A') + 1;
  if (letter >= 'a' && letter <= 'z')
    return static_cast<std::size_t>(letter - 'a') + 27;
  return 0;
}

}  // namespace

std::optional<std::string> decode_base85_line(std::string_view line) {
  const auto length = line.empty() ? 0 : length_of(line[0]);
  if (length == 0 || line.size() - 1 != (length + kBytes - 1) / kBytes * kGroup)
    return std::nullopt;
  std::string bytes;
  for (auto rest = line.substr(1); !rest.empty(); rest.remove_prefix(kGroup)) {
    std::uint64_t value = 0;
    for (const char c : rest.substr(0, kGroup)) {
      const auto digit = kDigits.find(c);
      if (digit == kDigits.npos)
        return std::nullopt;
      value = value * kDigits.size() + digit;
    }
    if (value > std::numeric_limits<std::uint32_t>::max())
      return std::nullopt;
    for (unsigned shift = 32; shift > 0;)
      bytes += static_cast<char>((value >> (shift -= 8)) & 0xffU);
  }
  bytes.resize(length);
  return bytes;
}

}  // namespace cullet::source
