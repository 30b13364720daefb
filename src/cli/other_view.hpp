// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cullet/base/stream.hpp"

#include "session.hpp"

namespace cullet::cli {

/// How a program that compares files (diffoscope) sees two of them: its first lines. Null where the
/// machine has no such program; "" where it fails, and beyond a few files. It gets the files in a
/// directory of the store, and an environment with nothing but PATH, HOME and LC_ALL.
std::function<std::string(const std::string& path, Bytes first, Bytes second)> other_view(
    Session& session, const std::string& program);

}  // namespace cullet::cli
