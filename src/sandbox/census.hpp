// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "cullet/base/file.hpp"

namespace cullet::sandbox {

/// Counts the threads of a sandbox from outside, through the /proc that it sees itself. For the
/// machine's root user, to whose processes the kernel applies no RLIMIT_NPROC (fork(2): EAGAIN
/// spares user 0, whatever namespace it is in).
class Census {
 public:
  /// `first` is the sandbox's process 1, as this process sees it.
  explicit Census(pid_t first) : first_(first) {}

  /// Whether more than `limit` threads run now. false while the sandbox is being set up and after
  /// its end.
  bool above(std::uint32_t limit);

 private:
  bool open_proc();
  pid_t first_;
  Fd proc_;
};

}  // namespace cullet::sandbox
