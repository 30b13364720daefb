// SPDX-License-Identifier: Apache-2.0
#include "preload.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/fixed_time.hpp"

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

constexpr std::string_view kName = "other-machine.so";

}  // namespace

std::string_view preload_library() {
  return {cullet_preload_begin, cullet_preload_end};
}

bool loads_preload(const std::filesystem::path& tree) {
  for (const auto* linker : {"lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1"})
    for (const auto* above : {"", "usr"}) {
      std::error_code none;
      if (std::filesystem::exists(std::filesystem::symlink_status(tree / above / linker, none)))
        return true;
    }
  return false;
}

void write_preload(const std::filesystem::path& into) {
  const auto etc = into / "etc";
  make_directories(etc);
  replace_file(etc / kName, preload_library(), 0755, Durability::buffered);
  replace_file(etc / "ld.so.preload", cat("/etc/", kName, "\n"), 0644, Durability::buffered);
  // As old as what it goes over: by that the library tells what steps made.
  const timespec times[2] = {{kFixedTime, 0}, {kFixedTime, 0}};
  if (::utimensat(AT_FDCWD, etc.c_str(), times, 0) != 0)
    throw system_error(cat("cannot set the time of ", etc.string()), errno);
}

}  // namespace cullet::build
