// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cullet::source {

/// The bytes of one line of a git binary patch: a letter for their number (A to Z for 1 to 26, a to
/// z for 27 to 52), then five characters for four of them. nullopt for anything else.
std::optional<std::string> decode_base85_line(std::string_view line);

}  // namespace cullet::source
