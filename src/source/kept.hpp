// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/source/kept.hpp"

#include "git.hpp"

namespace cullet::source {

/// The repository of restored commits, or null where it has not got this one. References:
///   refs/cullet/pins/<40 hex>      a commit with all of its files
///   refs/cullet/changes/<40 hex>   a commit and its first parent with what differs between them
Repository restored(const Context& context, const git_oid& commit, bool change);

/// The same, asking Context::kept_commit for what is not there. What is wrong with an answer is
/// told as progress and counts as none.
Repository restored_or_kept(const Context& context, const git_oid& commit, bool change);

}  // namespace cullet::source
