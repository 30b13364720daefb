// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/base/error.hpp"

#include "stage.hpp"

namespace cullet::sandbox {

/// Why the stage could not be set up, as an error that says what to change on this machine: reads
/// the sysctls that forbid user namespaces to be exact.
Error stage_error(const Stage::Failure& failure, const Spec& spec);

/// Why bwrap gave up before it started the command: `output` is what it printed.
Error bwrap_error(const std::string& output);

}  // namespace cullet::sandbox
