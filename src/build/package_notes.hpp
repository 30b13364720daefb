// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/store/tree.hpp"

namespace cullet::build {

/// What whoever makes an image should know of its packages, a line each: that modes of theirs are
/// not in `layer`, the most telling first, unless the recipe has `declared` one for the path; and
/// that scripts of theirs were not run. `packages` is the result of their action (plan/plan.hpp).
std::vector<std::string> package_notes(const Json& packages,
                                       const store::TreeManifest& layer,
                                       const std::map<std::string, std::uint32_t>& declared);

}  // namespace cullet::build
