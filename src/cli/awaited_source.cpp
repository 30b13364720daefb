// SPDX-License-Identifier: Apache-2.0
#include "awaited_source.hpp"

#include <array>
#include <cerrno>

#include <poll.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet::cli {

std::size_t AwaitedSource::read(std::span<std::byte> into) {
  std::array<pollfd, 2> events{{{fd_, POLLIN, 0}, {cancel_.fd(), POLLIN, 0}}};
  while (::poll(events.data(), events.size(), -1) < 0)
    if (errno != EINTR)
      throw system_error(cat("cannot wait for ", name_), errno);
  cancel_.check();
  return FdSource(fd_, name_).read(into);
}

}  // namespace cullet::cli
