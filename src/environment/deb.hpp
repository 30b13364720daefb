// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cullet/base/stream.hpp"
#include "cullet/environment/lock.hpp"

namespace cullet::environment {

/// What a binary package says and holds, apart from the files' bytes.
struct DebContents {
  std::string control;             ///< its control paragraph, as it stands there
  std::string md5sums;             ///< empty where the package has none
  std::vector<std::string> paths;  ///< of files and symlinks, in the merged tree
  /// Of files and directories whose mode is not one that a tree keeps.
  std::map<std::string, std::uint32_t> modes;
  bool postinst = false;  ///< it has a script to run once it is unpacked
};

/// Unpacks a .deb (deb(5), format 2) below the directory `root`, with /usr merged. Nothing of it
/// runs; modes become those of a tree (store/tree.hpp). Throws Kind::input for what is no such
/// package, is damaged or hostile, or says that it is another than `package`.
DebContents unpack_deb(Source& deb, const LockedPackage& package, int root);

}  // namespace cullet::environment
