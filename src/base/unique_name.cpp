// SPDX-License-Identifier: Apache-2.0
#include "unique_name.hpp"

#include <array>
#include <cerrno>

#include <sys/random.h>

#include "cullet/base/error.hpp"

namespace cullet {

std::string unique_name(std::string_view prefix) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 10> bytes{};
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

}  // namespace cullet
