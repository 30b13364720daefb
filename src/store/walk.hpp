// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <sys/stat.h>

#include "cullet/base/cancel.hpp"
#include "cullet/base/file.hpp"

namespace cullet::store {

/// What walk() meets. Valid during the visit only.
struct WalkEntry {
  int parent;                 ///< descriptor of the directory that holds it
  const std::string& name;    ///< within parent
  const std::string& path;    ///< from the walk's root
  const struct stat& status;  ///< of itself; symlinks are not followed
  int descriptor;             ///< of a directory, open for reading; -1 for all else
};

struct WalkRules {
  bool repair = false;  ///< gives directories u+rwx where they lack it
  /// Passes over what vanishes meanwhile, can't be opened or is on another file system: for
  /// counting in places where others are at work.
  bool lenient = false;
  std::uint64_t max_entries = UINT64_MAX;
};

using Visit = std::function<void(const WalkEntry&)>;

/// Visits everything below the directory `root`, each directory before what it holds, siblings in
/// bytewise order. Follows no symlink, uses no path longer than one name, and holds at most some
/// dozens of descriptors, so that neither depth nor length of what a hostile step left can stop it.
/// Throws Kind::input beyond max_entries and for a directory on another file system.
void walk(int root, const WalkRules& rules, const Visit& visit, const Cancel& cancel);

/// Opens what `status` describes for reading, without following symlinks, waiting for fifos or
/// acting on devices. With `repair`, u+r (u+rwx of a directory) is set first where it is missing.
/// Throws Kind::machine when it is no longer what `status` says.
Fd open_found(int parent, const std::string& name, const struct stat& status, bool repair);

/// lstat(2) within `parent`; false when there is no such file.
bool status_at(int parent, const std::string& name, struct stat& status);

/// The target of a symlink that was met.
std::string read_link(const WalkEntry& entry);

}  // namespace cullet::store
