// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "cullet/base/cancel.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet {

struct ExitStatus {
  int code = 0;    ///< exit code when signal is 0
  int signal = 0;  ///< the signal that ended the process, or 0
  [[nodiscard]] bool ok() const noexcept { return code == 0 && signal == 0; }
  /// "exit status 2" or "killed by signal 9 (Killed)".
  [[nodiscard]] std::string str() const;
};

/// A program to run. Nothing is inherited but what is named here: the environment is exactly
/// `environment`, descriptors are closed except `inherit`, standard streams default to /dev/null,
/// the umask is 022, no signal is ignored or blocked. (Resource limits and credentials stay.)
struct ProcessSpec {
  /// argv[0] is looked up in the absolute directories of $PATH of the caller's process; a name with
  /// a '/' is taken as it is, relative ones from `directory`.
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< "NAME=value"
  std::filesystem::path directory;       ///< empty: the caller's
  int in = -1, out = -1, err = -1;       ///< descriptors, -1 for /dev/null
  std::vector<int> inherit;              ///< descriptors kept open under their own numbers
  /// false for a program that takes the terminal over: it stays in the caller's process group.
  bool own_group = true;
  /// CLONE_NEW… of clone(2): what the program gets of its own. In a new user namespace nobody has a
  /// number yet when before_exec runs. In a new pid namespace the program is process 1: no signal
  /// but SIGKILL ends it unless it asks for that one, and it ends when all else in there has ended
  /// (pid_namespaces(7)).
  int namespaces = 0;
  /// Runs in the child right before exec, when all of the above is in place; may only make
  /// async-signal-safe calls, allocate nothing and not throw. It returns 0 or an errno, which
  /// start() reports as "preparing PROGRAM".
  std::function<int()> before_exec;
};

/// The machine gives no such namespaces (ProcessSpec::namespaces).
class NamespacesRefused : public Error {
 public:
  NamespacesRefused(std::string_view what, int number)
      : Error(system_error(what, number)), error_number(number) {}
  int error_number;
};

/// A running child in its own process group (ProcessSpec::own_group). When it ends, what is left of
/// the group is killed before wait() returns; the destructor kills the group and reaps the child.
/// Without a group of its own, all that is about the child alone. One thread at a time.
///
/// The kernel also kills it when the *thread* that called start() ends (PR_SET_PDEATHSIG), and so
/// when this process dies, however it dies. Hence start it from a thread that outlives it.
/// This process must not ignore SIGCHLD nor wait for children that it does not know.
class Process {
 public:
  /// Returns after exec. Throws Kind::machine when the program can't be started, naming it, and
  /// NamespacesRefused. Safe
  /// while other threads run: the child makes only async-signal-safe calls.
  static Process start(const ProcessSpec& spec);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// A pidfd, readable when the process has ended.
  [[nodiscard]] int fd() const noexcept { return pidfd_.get(); }
  /// Sends a signal to the process group; nothing once the end was waited for.
  void kill(int signal) noexcept;
  /// Waits for the end. On cancellation: SIGTERM, after 2 s SIGKILL, then throws
  /// Kind::interrupted; a process that has ended by then gives its status. nullopt when `timeout`
  /// passed first (the process still runs). Waiting again gives the same status again.
  std::optional<ExitStatus> wait(const Cancel& cancel,
                                 std::optional<std::chrono::milliseconds> timeout = std::nullopt);

 private:
  Process(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  /// Blocks until the child ends; kills what is left of its group. nullopt: its status was lost.
  std::optional<ExitStatus> reap() noexcept;

  pid_t pid_ = -1;
  Fd pidfd_;
  std::optional<ExitStatus> ended_;
};

struct Captured {
  ExitStatus status;
  std::string out;
  std::string err;
};

/// Runs to the end with `input` on standard input and collects both outputs, each up to `limit`
/// bytes (throws Kind::machine beyond that, after killing the process). `in`, `out` and `err` of
/// the spec are ignored. Standard input is a file, not a pipe. Ends with the program, even when
/// something that it left behind still holds its outputs.
Captured run_captured(ProcessSpec spec,
                      std::string_view input,
                      const Cancel& cancel,
                      std::uint64_t limit = 64U << 20U);

}  // namespace cullet
