// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "file_tree.hpp"
#include "mirror.hpp"

namespace cullet::source {

/// The files of a commit of the fork's mirror, submodules at their commits.
FileTree commit_tree(const Context& context,
                     const workspace::Fork& fork,
                     const Mirror& mirror,
                     const git_oid& commit);

/// Applies the text of one patch of the fork as prepare() does.
void apply_text(const Context& context,
                const workspace::Fork& fork,
                const workspace::Patch& patch,
                const std::string& text,
                FileTree& tree);

}  // namespace cullet::source
