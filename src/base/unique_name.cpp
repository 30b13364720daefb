// SPDX-License-Identifier: Apache-2.0
#include "unique_name.hpp"

#include <array>
#include <cerrno>

#include <sys/random.h>

#include "cullet/base/error.hpp"
#include "cullet/base/hex.hpp"

namespace cullet {

namespace {

constexpr std::size_t kRandomBytes = 10;

}  // namespace

std::string unique_name(std::string_view prefix) {
  std::array<unsigned char, kRandomBytes> bytes{};
  // Requests up to 256 bytes are never cut short; only a signal before the first seeding
  // interrupts.
  while (::getrandom(bytes.data(), bytes.size(), 0) < 0)
    if (errno != EINTR)
      throw system_error("cannot get random bytes", errno);
  return cat(prefix, "-", hex(std::as_bytes(std::span(bytes))));
}

bool is_unique_name(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] == '-' &&
         is_hex(name.substr(prefix.size() + 1), 2 * kRandomBytes);
}

}  // namespace cullet
