// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "document.hpp"

namespace cullet::workspace {

/// Parts of files that more than one place reads.

std::vector<Step> read_steps(const Node& node);
std::map<std::string, std::string> read_environment_variables(const Node& node);
std::map<std::string, std::uint32_t> read_modes(const Node& node);
ImageSpec read_image_spec(const Node& node);

}  // namespace cullet::workspace
