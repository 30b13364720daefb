// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cullet/environment/lock.hpp"

#include "control_file.hpp"

namespace cullet::environment {

/// "name=version:arch".
std::string package_key(const LockedPackage& package);
/// Takes name, version and architecture from a key; nullopt for what is none.
std::optional<LockedPackage> parse_package_key(std::string_view key);

/// What is wrong with the package's values, or nullopt. What passes can be put into a URL and a
/// file's name as it is.
std::optional<std::string> package_problem(const LockedPackage& package);

/// Name and version of the source package: "Source: NAME (VERSION)" of an index or a control file,
/// where each part is there only if it differs from the package's own.
std::pair<std::string, std::string> source_of(const ControlParagraph& record);

/// From a record of apt's index; throws Kind::refused for one that lacks what a lock needs.
LockedPackage package_from_record(const ControlParagraph& record);

}  // namespace cullet::environment
