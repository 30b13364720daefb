// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/base/error.hpp"
#include "cullet/base/process.hpp"

namespace cullet::environment {

/// What apt-get update's standard error says, as an Error: Kind::refused where signatures, hashes
/// or dates were wrong, Kind::input where the mirror has no such suite, Kind::machine for all else.
Error update_error(std::string_view suite, std::string_view err);

/// Why apt-get install could not.
Error install_error(std::string_view suite, const Captured& result);

/// `message` with what apt said below it.
Error apt_error(Kind kind, std::string_view message, const Captured& result);

}  // namespace cullet::environment
