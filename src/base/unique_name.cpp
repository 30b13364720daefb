// SPDX-License-Identifier: Apache-2.0
#include "unique_name.hpp"

#include <array>
#include <cerrno>

#include <sys/random.h>

#include "cullet/base/error.hpp"

namespace cullet {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kRandomBytes = 10;

}  // namespace

std::string unique_name(std::string_view prefix) {
  std::array<unsigned char, kRandomBytes> bytes{};
  // Requests up to 256 bytes are never cut short; only a signal before the first seeding
  // interrupts.
  while (::getrandom(bytes.data(), bytes.size(), 0) < 0)
    if (errno != EINTR)
      throw system_error("cannot get random bytes", errno);
  std::string name(prefix);
  name += '-';
  for (const unsigned byte : bytes) {
    name += kDigits[byte >> 4U];
    name += kDigits[byte & 15U];
  }
  return name;
}

bool is_unique_name(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + 1 + 2 * kRandomBytes && name.starts_with(prefix) &&
         name[prefix.size()] == '-' &&
         name.find_first_not_of(kDigits, prefix.size() + 1) == name.npos;
}

}  // namespace cullet
