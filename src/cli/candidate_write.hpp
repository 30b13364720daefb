// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "candidate.hpp"

namespace cullet::cli {

/// Throws Kind::input where files of these forks have changes that git has no commit of: what
/// --write commits would sweep them along. So a run that was killed between its files and its
/// commit is found by the next, which would call them nothing new.
void refuse_uncommitted(Session& session, const std::vector<const workspace::Fork*>& forks);

/// Throws Kind::input where a candidate can't be written: the fork is an import, or its own URL has
/// not got the new pin, where builds look for it.
void refuse_unwritable(Session& session, const Candidate& candidate);

/// Writes the good candidates into the workspace (pin, series, patch files; write_series()), and
/// where it is in a git work tree makes one commit of just these files with the user's git: its
/// identity, hooks and signing; what else is staged stays staged. One that can't be written gets an
/// error instead, and so do those that were tried with it. Returns the commit, or "" for none.
/// Throws Kind::machine when git can't commit; the files stand then.
std::string write_candidates(Session& session, std::vector<Candidate>& candidates);

}  // namespace cullet::cli
