// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "mirror.hpp"

namespace cullet::source {

/// What to bring into a mirror.
struct FetchOrder {
  std::string url;    ///< as the user wrote it; url.*.insteadOf applies
  std::string into;   ///< "refs/" or "refs/upstream/": where heads/* and tags/* go
  std::string label;  ///< for progress and errors: the fork's name
  /// Where only this commit is wanted and the mirror is new, its history may be left out.
  std::optional<git_oid> only;
};

/// Brings all branches and tags, and drops those below `into` that are gone. When it returns, all
/// is durable; when it throws, the mirror's references are as before. Kind::input when there is no
/// repository at the URL, Kind::machine when it can't be reached, with --offline too.
void fetch(const Context& context,
           const Mirror& mirror,
           const Mirror::Lock& lock,
           const FetchOrder& order);

/// Copies objects from one repository to another as one pack: the history of `wants` (tags and
/// other objects too) without that of `haves`, which both repositories hold.
void copy_objects(const Context& context,
                  git_repository* from,
                  git_repository* to,
                  const References& wants,
                  const References& haves,
                  const std::string& label);

}  // namespace cullet::source
