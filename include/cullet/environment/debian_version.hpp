// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace cullet::environment {

/// How dpkg orders two versions (Debian policy, section 5.6.12): epoch, upstream version, revision;
/// '~' comes before everything, even the end. nullopt where one of them is no version.
std::optional<std::weak_ordering> compare_debian_versions(std::string_view a, std::string_view b);

}  // namespace cullet::environment
