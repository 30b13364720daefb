// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <vector>

namespace cullet {

/// What went wrong between fork and exec, as the child writes it to the report pipe.
struct ChildReport {
  enum Stage : int { setup, directory, prepare, exec } stage;
  int error_number;
};

/// All that the child needs, made before fork: after it, the locks of other threads (malloc's, say)
/// may be held for ever.
struct Child {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* directory;       ///< nullptr: stay
  std::array<int, 3> streams;  ///< to become descriptors 0, 1 and 2
  const std::vector<int>& inherit;
  const std::function<int()>& before_exec;
  int report;  ///< above 2 and close-on-exec, so that a successful exec says nothing
  int parent;  ///< a pidfd: in a pid namespace of its own, getppid(2) says nothing
  bool own_group;
};

/// The child's side of Process::start(), from fork to exec: async-signal-safe calls only. Expects
/// all signals to be blocked.
[[noreturn]] void run_child(const Child& child) noexcept;

}  // namespace cullet
