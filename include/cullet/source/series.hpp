// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cullet/source/source.hpp"

namespace cullet::source {

// What can be done with a fork's series of patches besides applying it. Nothing here writes to the
// workspace. Commits may be named by 40 digits, by 7 or more of them where that is unique, or by a
// tag or branch, of the fork or of its upstream; history is fetched, as `cullet fork sync` does,
// only when something named is not there: a branch is where the last sync saw it. ensure_pin() must
// have succeeded before.

/// The id of the commit that a user names. Throws Kind::input for one that neither the fork nor its
/// upstream has, and for a name that means several commits.
std::string resolve_commit(const Context& context,
                           const workspace::Fork& fork,
                           const std::string& name);

/// A file in which a change contradicts what it is merged into.
struct Conflict {
  std::string path;
  std::string why;                   ///< "both change it", "it is deleted there"
  std::vector<std::uint64_t> lines;  ///< where they meet: of the file merged into, from 1

  [[nodiscard]] std::string str() const;  ///< "inflate.c, lines 12, 80: both change it"
};

/// A change as a patch in git's format: full index, binary, "a/" and "b/".
struct Picked {
  std::string text;
  std::vector<std::string> commits;  ///< 40 digits each, in the order given
  std::string subject;               ///< the first line of the first one's message
};

/// Merges what the commits change onto pin and series (three-way), in the order given. `mainline`:
/// the parent, from 1, that a merge commit's change is seen from; 0 for none. Throws Kind::input
/// for conflicts (each file a detail), a commit whose parent is missing, a merge without mainline,
/// and when nothing is left to change.
Picked pick(const Context& context,
            const workspace::Fork& fork,
            const std::vector<std::string>& commits,
            unsigned mainline = 0);

/// What becomes of a patch on another commit.
enum class Fate {
  applies,   ///< its text applies as it is
  merged,    ///< the same change as another text
  upstream,  ///< the commit has it already
  conflict,  ///< a person has to look
};

/// One patch of the series, carried over.
struct Carried {
  std::size_t patch = 0;  ///< index into Fork::patches
  Fate fate = Fate::conflict;
  std::string text;                 ///< of Fate::merged: the new text, made as Picked::text
  std::string commit;               ///< of Fate::upstream: the commit that has it, where known
  std::string note;                 ///< one line for a person, or empty
  std::vector<Conflict> conflicts;  ///< of Fate::conflict
};

/// Carries the whole series from the pin to another commit of the fork or its upstream, each patch
/// by a three-way merge on top of those before it; one in conflict is left out for those after it.
/// A patch is upstream when merging it changes nothing; or, where it conflicts, when a commit since
/// the pin makes the same change to its files (patch-id), or one that it was picked from is in the
/// commit's history. One that was picked from there and still changes something is carried on, with
/// a note: upstream may have reverted it.
std::vector<Carried> carry(const Context& context,
                           const workspace::Fork& fork,
                           const std::string& commit);

}  // namespace cullet::source
