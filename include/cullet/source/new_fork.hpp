// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/source/source.hpp"

namespace cullet::source {

/// The `track` pattern for the tags of a fork that are written as the one of its pin is (see
/// upstream.hpp); empty where it has no such tag, or of several kinds. ensure_pin() must have
/// succeeded before.
std::string tags_to_track(const Context& context, const workspace::Fork& fork);

/// Removes the mirror of a fork that is not added after all, unless a pin was found in it once.
void forget_unpinned(const Context& context, const workspace::Fork& fork);

}  // namespace cullet::source
