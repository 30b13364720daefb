// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cullet/base/cancel.hpp"

namespace cullet::environment {

/// Throws an Error of its own about the path that both trees hold, and why they differ there.
using Conflict = std::function<void(const std::string& path, const std::string& why)>;

/// Moves everything below the directory `from` into the directory `to`, both on one file system;
/// `from` is worthless afterwards. Directories merge; the same file or symlink in both stays once;
/// for anything else in both, `conflict` is called, which has to throw. No symlink is followed.
void merge_directory(int from, int to, const Conflict& conflict, const Cancel& cancel);

}  // namespace cullet::environment
