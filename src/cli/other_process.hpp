// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sched.h>

#include "cullet/base/user_namespace.hpp"

namespace cullet::cli {

/// What of a process is another one's, apart from its environment and arguments: prepared before
/// fork, applied between fork and exec by nothing but system calls.
class OtherProcess {
 public:
  /// Reads what this process has. `names`: with a user and a host name of its own, which takes a
  /// user namespace.
  explicit OtherProcess(bool names);

  /// For ProcessSpec::before_exec; gives 0 or an errno.
  [[nodiscard]] int apply() const noexcept;
  /// How many processors it leaves; 0: there is only one.
  [[nodiscard]] unsigned processors() const noexcept { return processors_; }
  /// What it does, for people.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  static constexpr unsigned kUser = 4711;
  [[nodiscard]] int apply_names() const noexcept;

  bool names_;
  IdMaps ids_{kUser, kUser};
  unsigned processors_ = 0;  ///< how many are left; 0: all
  cpu_set_t processor_set_{};
  unsigned long personality_ = 0;
};

}  // namespace cullet::cli
