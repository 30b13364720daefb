// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "cullet/build/build.hpp"
#include "cullet/build/step_room.hpp"

namespace cullet::build {

/// The room in which a component's steps start: `node` is a component node all of whose
/// dependencies have records in `plan`. Changes to the source go to `work`/source and $OUT is
/// `work`/out; both are made.
StepRoom component_room(const Context& context,
                        const plan::Plan& plan,
                        const plan::Node& node,
                        const std::filesystem::path& work);

}  // namespace cullet::build
