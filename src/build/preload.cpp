// SPDX-License-Identifier: Apache-2.0
#include "preload.hpp"

#include "cullet/base/file.hpp"

extern "C" {
extern const char cullet_preload_begin[];
extern const char cullet_preload_end[];
}

// The library is linked before this file is compiled (CMakeLists.txt).
__asm__(
    ".pushsection .rodata\n"
    ".global cullet_preload_begin\n"
    ".global cullet_preload_end\n"
    "cullet_preload_begin: .incbin \"" CULLET_PRELOAD
    "\"\n"
    "cullet_preload_end:\n"
    ".popsection\n");

namespace cullet::build {

namespace {

constexpr std::string_view kLibrary = "/etc/other-machine.so";

}  // namespace

std::string_view preload_library() {
  return {cullet_preload_begin, cullet_preload_end};
}

void write_preload(const std::filesystem::path& into) {
  make_directories(into / "etc");
  replace_file(into / kLibrary.substr(1), preload_library(), 0755, Durability::buffered);
  replace_file(
      into / "etc/ld.so.preload", std::string(kLibrary) + "\n", 0644, Durability::buffered);
}

}  // namespace cullet::build
