// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace cullet::build {

/// The bytes of preload_library.cpp as a shared library for this processor.
std::string_view preload_library();

/// Makes `into` a tree that goes over a step's root: with it every dynamically linked program sees
/// a clock that is a year and more ahead, and directories that steps made the other way round;
/// nothing in its environment says so. Programs without a dynamic linker see what is.
void write_preload(const std::filesystem::path& into);

}  // namespace cullet::build
