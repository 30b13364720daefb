// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/source/upstream.hpp"

#include "fetch.hpp"

namespace cullet::source {

/// What a `track` rule makes of a list of references. Pure.
struct Followed {
  std::string rule;       ///< UpstreamState::followed
  std::string reference;  ///< full name: "refs/tags/v1.3"
  Newest newest;
  std::vector<std::string> notes;
};

/// Throws Kind::input for a rule that matches nothing.
Followed follow(const workspace::Fork& fork, const Advertised& theirs);

/// Patterns of the tags that are written as the one of the pin's version is, or, of a pin without
/// one, that of its commit: "v[0-9]*" for v1.12.1, "[0-9]*" for 7.2.4. Mostly one; none where there
/// is no such tag.
std::vector<std::string> kinds_of_tag(const workspace::Fork& fork, const Advertised& theirs);

/// The version that a tag is of, by the fork's rule; empty where it is none.
std::string version_of(const workspace::Fork& fork, const std::string& tag);

}  // namespace cullet::source
