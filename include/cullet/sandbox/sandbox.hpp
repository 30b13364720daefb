// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/process.hpp"

namespace cullet::sandbox {

/// A directory that the sandbox sees at `at` (absolute, inside).
struct Mount {
  std::string at;
  std::vector<std::filesystem::path> lower;  ///< read-only trees, the first on top
  /// Where changes go. Empty: the mount is read-only. Given: it holds (or gets) two directories,
  /// "upper" and "work", on a file system that overlayfs accepts as upper. With `lower` empty the
  /// directory itself is bound, writable.
  std::filesystem::path upper;
};

struct Limits {
  std::uint32_t seconds = 3600;  ///< wall clock for one run
  /// Processes and threads at once. A fork beyond it fails (RLIMIT_NPROC). The kernel doesn't count
  /// for the machine's root user; for that one cullet counts several times a second and ends the
  /// run, so that a burst may go beyond it for a moment.
  std::uint32_t processes = 4096;
  std::uint64_t memory = 0;  ///< bytes of address space a process; 0: unlimited
  std::uint64_t file_bytes = std::uint64_t{64} << 30U;   ///< largest file (RLIMIT_FSIZE)
  std::uint64_t output_bytes = std::uint64_t{1} << 30U;  ///< kept of standard output and error
};

/// One command in one isolated root. All that it sees is here.
struct Spec {
  std::vector<Mount> mounts;  ///< the first is at "/"
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;  ///< all of it
  std::string directory = "/";
  std::uint32_t uid = 1000, gid = 1000;
  std::string hostname = "cullet";
  Limits limits;
  /// Standard output and error go here, in the order written; -1: /dev/null.
  int output = -1;
  /// Keeps the terminal: standard streams are the caller's. For `cullet shell`.
  bool interactive = false;
};

enum class Outcome {
  exited,
  timed_out,
  output_limit,
  process_limit,
  killed,  ///< bwrap itself, by a signal that nobody here sent: the machine's doing, not the
           ///< command's
};

struct Result {
  Outcome outcome = Outcome::exited;
  ExitStatus status;  ///< of the command, or of bwrap where that was killed
  [[nodiscard]] bool ok() const { return outcome == Outcome::exited && status.ok(); }
  /// How it ended, for a person: "exit status 2", or the limit that it met.
  [[nodiscard]] std::string str(const Limits& limits) const;
};

/// For whom SIGKILL ended that nobody here sent.
inline constexpr const char* kKilledHint =
    "out of memory? `dmesg` says whom the kernel killed: build with fewer --jobs, or bound each "
    "process with `limits: { memory: … }` in the recipe";

/// Runs `spec` to its end and returns how it ended. Isolation: own user, mount, pid, net (loopback
/// only), ipc, uts and cgroup namespaces through bubblewrap 0.8; overlays mounted in a user
/// namespace of their own; no capability; no new privileges; a seccomp filter
/// (sandbox/seccomp.hpp); fresh /tmp, /dev, /proc; no terminal unless interactive; every process
/// ends with the run. It needs no root and gains nothing from it.
///
/// Throws Kind::machine with what to change (sysctl, AppArmor profile, container flag) where
/// the machine can't give that: there is no weaker mode. Kind::interrupted on cancellation, after
/// everything inside was killed.
Result run(const Spec& spec, const Cancel& cancel);

}  // namespace cullet::sandbox
