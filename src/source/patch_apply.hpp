// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "file_tree.hpp"
#include "patch_text.hpp"

namespace cullet::source {

/// What errors say of a patch: "patch NAME does not apply to SUBJECT".
struct PatchLabel {
  std::string name;
  std::string subject;  ///< "zlib 1.2.13"
  int strip = 1;
  std::string if_applied{};  ///< the hint where it is applied already
};

/// Applies one patch to a tree in memory. Throws Kind::input, and the tree is then not to be used:
/// for each file that it does not fit, what hunk, which line, what was wanted and what is there;
/// for a patch that is applied already; and for one that leads through a symlink.
void apply_patch(FileTree& tree,
                 const std::vector<FilePatch>& patches,
                 const PatchLabel& label,
                 const Cancel& cancel);

}  // namespace cullet::source
