// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cullet/workspace/edit.hpp"

#include "progress_view.hpp"
#include "session.hpp"

namespace cullet::cli {

/// What a user says of a new patch.
struct PatchWords {
  std::vector<std::string> fixes;
  std::string reason, by, expires, name;
};

/// A pin as it is to be; an empty version leaves the one that stands.
struct NewPin {
  std::string commit, version;
};

/// A fork's series as it is to be, with the patch files that it needs.
struct NewSeries {
  std::vector<workspace::SeriesEntry> entries;
  std::map<std::string, std::string> files{};  ///< path relative to forks/ → text
  std::optional<NewPin> pin{};                 ///< nullopt: it stays
};

/// The series that a fork has.
std::vector<workspace::SeriesEntry> entries_of(const workspace::Fork& fork);

/// A new patch of a fork at forks/FORK/NAME.patch; `name` where the user gives none. Throws
/// Kind::usage for a malformed or past date, a name that is no file's, and an advisory that is
/// none; Kind::input where the fork or forks/ has another patch of that name.
workspace::Patch new_patch(Session& session,
                           const workspace::Fork& fork,
                           const PatchWords& words,
                           const std::string& name,
                           const std::string& text);

/// A patch of the fork with another text, which goes into `series.files`: always a file, whatever
/// it was.
workspace::Patch refreshed(Session& session,
                           const workspace::Fork& fork,
                           const workspace::Patch& was,
                           const std::string& text,
                           NewSeries& series);

/// What a patch is called after: "fix the first line" gives "fix-the-first-line".
std::string file_stem(const std::string& words);

/// Prepares the source with the series as a build would; throws what source::prepare() throws.
void try_series(Session& session,
                const workspace::Fork& fork,
                const NewSeries& series,
                ProgressView& view);

/// Writes the patch files, then forks/FORK.yaml as one (pin and series), then removes patch files
/// that no fork names any more; one whose content is not what its `sha256` says stays, with a note
/// on standard error. Killed at any instant, the workspace is as before or complete, but
/// for files that nothing names. Throws Kind::input, with nothing changed, where the fork's file
/// has changed since it was read.
void write_series(Session& session, const workspace::Fork& fork, const NewSeries& series);

}  // namespace cullet::cli
