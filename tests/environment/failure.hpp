// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

namespace cullet::environment {

/// Runs `work`, which has to fail with `kind`, and returns the error as a user sees it.
template <class Work>
std::string failure(Kind kind, Work work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.render();
  }
  FAIL_CHECK("nothing failed");
  return "";
}

inline std::filesystem::path temporary() {
  const auto* directory = std::getenv("TMPDIR");
  return directory != nullptr ? directory : "/tmp";
}

}  // namespace cullet::environment
