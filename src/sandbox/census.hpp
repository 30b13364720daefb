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
  /// Of what bwrap, this child, has started.
  explicit Census(pid_t bwrap) : bwrap_(bwrap) {}

  /// Whether more than `limit` threads run now. false while the sandbox is being set up and after
  /// its end.
  bool above(std::uint32_t limit);

 private:
  bool open_proc();
  pid_t bwrap_;
  Fd proc_;
};

}  // namespace cullet::sandbox
