// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cullet/source/series.hpp"

#include "git.hpp"

namespace cullet::source {

/// What a merge left open in `index`, each file once, with the lines where both sides changed it.
std::vector<Conflict> conflicts_of(git_repository* repository, git_index* index);

}  // namespace cullet::source
