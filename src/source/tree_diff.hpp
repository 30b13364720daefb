// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "git.hpp"

namespace cullet::source {

/// What a commit or a merge may make of a patch at most.
inline constexpr std::uint64_t kMaxPatch = std::uint64_t{64} << 20U;

/// The difference of two trees (null: the empty one), every option that reaches a byte given:
/// binary content, three lines of context, full ids, "a/" and "b/", no renames. Only `paths`, if
/// there are any; they are no patterns.
Diff diff_trees(git_repository* repository,
                git_tree* before,
                git_tree* after,
                const std::vector<std::string>& paths = {});

/// The difference as a patch text. Throws Kind::input beyond kMaxPatch, naming `what`.
std::string patch_text(git_diff* diff, std::string_view what);

}  // namespace cullet::source
