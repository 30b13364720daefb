// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cullet/source/source.hpp"

namespace cullet::source {

// A fork's source as a git work tree of its own, where git and any other tool may be used:
//   first commit   the pin, submodules in place
//   then           one commit per patch, its name as the subject
// Its objects are all its own. Files are as git holds them, whatever .gitattributes, autocrlf or a
// filter would make of them, and git takes them back the same way.

/// Makes the work tree at `directory`, which must not be there; on failure it is not. Throws what
/// prepare() throws. ensure_pin() must have succeeded before.
void make_checkout(const Context& context,
                   const workspace::Fork& fork,
                   const std::filesystem::path& directory);

/// A patch of the series as it stands in a work tree.
struct EditedPatch {
  std::optional<std::size_t> was;  ///< index into Fork::patches; nullopt: it is new
  /// Of a new or changed one, in git's format; empty for one that is as it was.
  std::string text;
  std::string subject;  ///< of its commit; empty for changes that are not committed
};

struct Edits {
  std::vector<EditedPatch> series;   ///< in the order of the commits
  std::vector<std::size_t> dropped;  ///< indices into Fork::patches

  /// Whether saving would change nothing.
  [[nodiscard]] bool empty() const;
};

/// What commits and uncommitted changes make of the series. A commit is the patch that its subject
/// names, and that patch is as it was if its text makes the commit of the one before. Throws
/// Kind::input for a work tree that was made from another pin or series, a history that is not a
/// line from the pin, a rebase or merge that is not finished, a commit that changes nothing, and
/// files that git neither tracks nor ignores (naming them).
Edits read_edits(const Context& context,
                 const workspace::Fork& fork,
                 const std::filesystem::path& directory);

/// Whether anything was done in it since it was made: commits, changes, or untracked files.
bool has_unsaved(const std::filesystem::path& directory);

/// Whether it was made from the fork as it is now.
bool is_current(const Context& context,
                const workspace::Fork& fork,
                const std::filesystem::path& directory);

/// What stands in the work tree, committed or not, as a tree of the store. Throws as read_edits().
store::Tree prepare_edits(const Context& context,
                          const workspace::Fork& fork,
                          const std::filesystem::path& directory);

}  // namespace cullet::source
