// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "origin.hpp"

namespace cullet::source {

/// A commit of the fork's mirror with the repository it is read through.
struct Found {
  Repository repository;
  Commit commit;
};

/// The commit that `name` means (series.hpp), fetched if it is not there.
Found find_named(const Context& context, const workspace::Fork& fork, const std::string& name);

/// The commit with that id and what it changes, which need not have more of its history: from the
/// mirror, else restored or kept, else as find_named().
Found find_change(const Context& context, const workspace::Fork& fork, const std::string& id);

/// The commit's parent from 1, or null where the mirror has not got it.
Commit parent_of(git_repository* repository, const Commit& commit, unsigned number);

GitTree tree_of(const Commit& commit);

/// Whether `commit` is `of` or an ancestor of it. Commits that are not there are none.
bool in_history(git_repository* repository, const git_oid& commit, const git_oid& of);

/// Calls `see` with the commits that `to` has and `from` has not and the ids of their changes (as
/// `git patch-id --stable` gives them), newest first, until it returns false: without merges and
/// without those that change none of `paths` (all, if empty); of others only the part below `paths`
/// counts.
void walk_patch_ids(const Context& context,
                    git_repository* repository,
                    const git_oid& from,
                    const git_oid& to,
                    const std::vector<std::string>& paths,
                    const std::function<bool(const git_oid& commit, const git_oid& id)>& see);

}  // namespace cullet::source
