// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cullet::cli {

/// What `cullet init` writes: the project's own cullet.yaml and its lua, taken over by the build
/// (src/cli/CMakeLists.txt), so that they can't fall behind what the tests build.
extern const std::string_view kTemplateConfig;
extern const std::string_view kTemplateFork;
extern const std::string_view kTemplateRecipe;

}  // namespace cullet::cli
