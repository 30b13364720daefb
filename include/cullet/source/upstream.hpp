// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cullet/source/series.hpp"

namespace cullet::source {

// Following upstream. What a fork follows is its `track`: the newest tag that a pattern matches (by
// version, see version.hpp; of pre-releases only where the pin is one or nothing else matches), or
// the head of a branch. Without `track`, the newest tag that is written as the one of the pin's
// version (or commit) is, such as v1.3.1 after v1.2.0; where there is no such tag, the newest that
// looks like a version.

/// What upstream has to offer.
struct Newest {
  bool tag = false;     ///< else a branch
  std::string name;     ///< "v1.3.1", "main"
  std::string commit;   ///< 40 hex digits
  std::string version;  ///< of a tag, for the pin: "1.3.1"; of a branch empty
};

enum class Standing {
  current,    ///< the pin has all that the newest has
  behind,     ///< the newest has commits that the pin has not; of an import, a higher version
  ahead,      ///< the pin's version is higher than any that upstream has
  rewritten,  ///< the pin was upstream's and is in its history no more
  unknown,    ///< an import without a version: there is nothing to compare; or the pin has all of
              ///< a tag whose version is higher than its own
};
std::string_view name(Standing standing);

struct UpstreamState {
  std::string followed;  ///< "tags v*", "branch main"
  Newest newest;
  Standing standing = Standing::unknown;
  std::optional<std::uint64_t> commits;  ///< that the newest has and the pin has not
  std::optional<std::int64_t> days;  ///< from the pin's commit to the newest's, where both known
  std::vector<Carried> patches;      ///< what becomes of the series, where the newest is news
  std::vector<std::string> notes;    ///< what else a person should know, and what can't be known

  /// Whether the newest may have what the pin has not.
  [[nodiscard]] bool has_news() const;
};

/// What more check_upstream() is to do.
struct UpstreamWish {
  bool tree = false;  ///< bring the newest's tree of an import as well, even without patches
  std::string at;     ///< carry to this commit, tag or branch instead of the newest; empty: newest
};

/// Compares a fork with its upstream. One request where nothing has moved since the last time; else
/// branches and tags are fetched as `cullet fork sync` does, of an import only the newest tag, or
/// what `at` names, and only where it is needed. Writes nothing but the mirror. Throws Kind::input
/// for a fork without `upstream`, a `track` that matches nothing (naming the nearest there is)
/// unless `at` says what is wanted, and what ensure_pin() and carry() throw; Kind::machine when
/// upstream can't be reached, hangs, limits requests or has no end.
UpstreamState check_upstream(const Context& context,
                             const workspace::Fork& fork,
                             const UpstreamWish& wish = {});

/// As ensure_pin(), but the pin may also be a commit of upstream that the fork has not got: for
/// trying it out. Such a one has to be in the mirror, as check_upstream() leaves it.
PinInfo ensure_candidate(const Context& context, const workspace::Fork& fork);

}  // namespace cullet::source
