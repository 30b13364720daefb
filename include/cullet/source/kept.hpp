// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cullet/base/stream.hpp"
#include "cullet/source/source.hpp"

namespace cullet::source {

/// A commit that a fork's source is made of. It can be kept apart from its history: as a tar of git
/// objects, sorted by name, each named by its id and holding "TYPE SIZE\0" and its content, so that
/// the bytes depend on the commit alone and each object can be held against its id.
struct SourceCommit {
  std::string commit;   ///< 40 hex digits
  bool change = false;  ///< only what it changes: a patch. Else all of its files
  std::string name;     ///< "fork zlib", "fork zlib: submodule deps/x", "fork zlib: patch 12ab…"
  std::filesystem::path repository;  ///< which has it
};

/// Brings everything that prepare() reads into the store: the pin (unless it was imported, by its
/// archive), submodules, patches. Returns the commits among it, each once, sorted by name.
std::vector<SourceCommit> gather(const Context& context, const workspace::Fork& fork);
/// The archives among it, each once: what the fork is imported from, and those of its patches.
std::vector<workspace::Archive> archives_of(const workspace::Fork& fork);

/// Writes the commit's tar. Objects are read whole: up to kMaxObject bytes each.
void write_commit(const Context& context, const SourceCommit& commit, Sink& to);
inline constexpr std::uint64_t kMaxObject = std::uint64_t{1} << 30U;

/// Whether the store has that commit as restore_commit() leaves it.
bool has_restored(const Context& context, const std::string& commit, bool change);
/// Reads what write_commit() wrote (compressed or not) into a repository of the store that is apart
/// from the forks' mirrors, whose histories are whole. Throws Kind::refused for an object that is
/// not what its name says and for one that is missing; the store then is as before.
void restore_commit(const Context& context, const std::string& commit, bool change, Source& from);

/// As ensure_pin(), for a build, which needs no history: a restored commit will do, and before
/// upstream is asked, Context::kept_commit is.
PinInfo ensure_source(const Context& context, const workspace::Fork& fork);

}  // namespace cullet::source
