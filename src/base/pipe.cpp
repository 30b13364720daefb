// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/pipe.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "cullet/base/error.hpp"

namespace cullet {

Pipe::Pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw system_error("cannot make a pipe", errno);
  read = Fd(ends[0]);
  write = Fd(ends[1]);
  for (auto* const end : {&read, &write})
    if (end->get() < 3) {
      *end = Fd(::fcntl(end->get(), F_DUPFD_CLOEXEC, 3));
      if (!end->valid())
        throw system_error("cannot make a pipe", errno);
    }
}

}  // namespace cullet
