// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {

/// The text of forks/NAME.yaml with another pin; nothing but the two values differs, and a version
/// is added where there was none. An empty `version` leaves what stands there. `fork` is what
/// `text` parses to. The result is parsed and compared with what was asked for: throws Kind::input
/// where the text can't be edited so that it says that and nothing else.
std::string edit_pin(std::string_view text,
                     const Fork& fork,
                     const std::string& commit,
                     const std::string& version);

}  // namespace cullet::workspace
