// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sched.h>

#include "cullet/base/pipe.hpp"
#include "cullet/base/user_namespace.hpp"
#include "cullet/sandbox/sandbox.hpp"

namespace cullet::sandbox {

/// bubblewrap 0.8 can't mount overlays, so each run has a stage before it: a user and a mount
/// namespace of our own, in which every Mount of the spec is put together below kRoot; bwrap
/// then binds them into the sandbox. A pid namespace makes bwrap process 1 of all that it starts:
/// it has a moment in which its child would outlive it (bubblewrap 0.8, between clone() and
/// handle_die_with_parent()). prepare() runs in the child between fork and exec and makes
/// async-signal-safe calls only: all that it needs is allocated before.
class Stage {
 public:
  /// Where the mounts lie, as "/tmp/0", "/tmp/1", …: a tmpfs of the stage hides the machine's own
  /// /tmp there.
  static constexpr const char* kRoot = "/tmp";

  /// For ProcessSpec.
  static constexpr int kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;

  Stage(const std::vector<Mount>& mounts, const Limits& limits);

  /// Called in those namespaces. Returns 0 or an errno; where it failed is then in failed_at().
  int prepare() noexcept;

  enum class Part {
    none,
    user_namespace,
    id_map,
    private_mounts,
    devices,
    room,
    tree,
    overlay,
    bind,
    limits
  };
  struct Failure {
    Part part = Part::none;
    unsigned mount = 0;  ///< index of the mount, for tree, overlay and bind
    int error = 0;       ///< errno
  };
  /// To be called in the parent after prepare() failed in the child.
  [[nodiscard]] Failure failed_at() const;

  [[nodiscard]] static std::string path(std::size_t mount);
  [[nodiscard]] static bool read_only(const Mount& mount) { return mount.upper.empty(); }

 private:
  struct Piece {
    std::vector<std::string> lower;
    std::string upper, work;  ///< of an overlay that takes changes
    std::string bound;        ///< of a plain directory instead of an overlay
    std::string at;
  };
  int fail(Part part, std::size_t mount, int error) noexcept;
  int mount_overlay(const Piece& piece, std::size_t index) noexcept;
  int protect_devices() noexcept;
  int set_limits() noexcept;

  std::vector<Piece> pieces_;
  std::vector<std::vector<int>> fds_;  ///< room for the directories' descriptors, per piece
  IdMaps ids_{0, 0};
  Limits limits_;
  Pipe report_;
};

}  // namespace cullet::sandbox
