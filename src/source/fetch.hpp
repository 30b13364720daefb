// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mirror.hpp"

namespace cullet::source {

/// What a repository says that it has.
struct Advertised {
  References references;  ///< branches and tags
  References commits;     ///< of the annotated tags among them: the objects that they lead to
};

/// The most branches and tags that a repository may have, and bytes that it may take to say so.
inline constexpr std::size_t kMostReferences = 250'000;
inline constexpr std::uint64_t kMostAdvertised = 48U << 20U;

/// What to bring into a mirror.
struct FetchOrder {
  std::string url;    ///< as the user wrote it; url.*.insteadOf applies
  std::string into;   ///< "refs/" or "refs/upstream/": where heads/* and tags/* go
  std::string label;  ///< for progress and errors: the fork's name
  /// Where only this commit is wanted and the mirror is new, its history may be left out.
  std::optional<git_oid> only;
  /// Which of the advertised references to bring, the others staying as they are; null: all.
  std::function<References(const Advertised&)> choose{};
};

/// Brings all branches and tags, or those chosen, and then drops none, else those below `into` that
/// are gone. Of what the mirror has at the same commit nothing is fetched: one request. When it
/// returns, all is durable; when it throws, the mirror's references are as before. Kind::input when
/// there is no repository at the URL, Kind::machine when it can't be reached (with --offline too),
/// hangs, or has more than kMostReferences.
Advertised fetch(const Context& context,
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

/// The same for these objects alone.
void copy_objects(const Context& context,
                  git_repository* from,
                  git_repository* to,
                  const std::vector<git_oid>& objects,
                  const std::string& label);

}  // namespace cullet::source
