// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace cullet::build {

/// The bytes of preload_clock.cpp and preload_directory.cpp as a shared library for this processor.
std::string_view preload_library();

/// Whether a tree that steps have as "/" has a dynamic linker of glibc's, which loads the library.
bool loads_preload(const std::filesystem::path& tree);

/// Makes `into` a tree that goes over a step's root: with it every dynamically linked program sees
/// a clock that is a year and more ahead, and directories that steps made the other way round.
/// Neither its environment nor a listing of /etc says so. Programs that are linked statically see
/// what is, the two files in /etc included.
void write_preload(const std::filesystem::path& into);

}  // namespace cullet::build
