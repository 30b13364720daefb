// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "cullet/base/glob.hpp"
#include "cullet/build/change.hpp"
#include "cullet/environment/lock.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::build {

/// What may change in an image that carries patches which the one before it did not carry: what the
/// forks of these patches reach, and `allowed`. nullopt where no patch is new: then an image
/// changes as its recipe says, and nothing is claimed about it. Patches are known by their digests,
/// as the annotations of both images have them (plan/carried.hpp).
std::optional<ChangeScope> scope_of_new_patches(const workspace::Workspace& workspace,
                                                const environment::Lock& lock,
                                                const image::Manifest& before,
                                                const image::Manifest& after,
                                                const std::vector<Glob>& allowed);

}  // namespace cullet::build
