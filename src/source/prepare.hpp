// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "file_tree.hpp"
#include "kept.hpp"
#include "mirror.hpp"

namespace cullet::source {

/// The repository that has a commit with all of its files: the fork's mirror, or that of restored
/// ones; null where neither has.
Repository repository_of(const Context& context, const Mirror& mirror, const git_oid& commit);

/// The files of a commit of the fork's mirror (or a restored one), submodules at their commits.
/// `seen` gets those as add_submodules() says.
FileTree commit_tree(const Context& context,
                     const workspace::Fork& fork,
                     const Mirror& mirror,
                     const git_oid& commit,
                     std::vector<SourceCommit>* seen = nullptr);

/// Applies the text of one patch of the fork as prepare() does.
void apply_text(const Context& context,
                const workspace::Fork& fork,
                const workspace::Patch& patch,
                const std::string& text,
                FileTree& tree);

}  // namespace cullet::source
