// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "cullet/base/file.hpp"

namespace cullet::archive {

/// Holds `text` (one line) against tests/golden/NAME. With CULLET_ACCEPT=1 the file is rewritten
/// and the test says that it checked nothing.
inline void check_golden(const std::string& name, std::string_view text) {
  const std::string path = std::string(CULLET_SOURCE_DIR) + "/tests/golden/" + name;
  const auto line = std::string(text) + "\n";
  const char* const accept = std::getenv("CULLET_ACCEPT");
  if (accept != nullptr && std::string_view(accept) == "1") {
    replace_file(path, line);
    WARN("skipped: " << name << " was rewritten");
    return;
  }
  INFO("golden file " << name << "; CULLET_ACCEPT=1 rewrites it: a new assembly contract?");
  CHECK(read_file(path, 1U << 20U) == line);
}

}  // namespace cullet::archive
