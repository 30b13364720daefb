// SPDX-License-Identifier: Apache-2.0
#include "file_lock.hpp"

#include <cerrno>
#include <chrono>

#include <sys/file.h>

#include "cullet/base/error.hpp"

namespace cullet::cli {

void wait_for_lock(const Fd& file, const char* what, const Cancel& cancel) {
  constexpr auto kAgain = std::chrono::milliseconds(50);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw system_error(cat("cannot lock ", what), errno);
    cancel.sleep(kAgain);
  }
}

}  // namespace cullet::cli
