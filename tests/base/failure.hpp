// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

namespace cullet {

/// The Error that `work` throws, so that a test can look at its kind and its text; fails the test
/// when none comes.
template <class Work>
Error failure(Work&& work) {
  std::optional<Error> caught;
  try {
    std::forward<Work>(work)();
  } catch (const Error& error) {
    caught = error;
  }
  REQUIRE(caught);
  return *caught;
}

}  // namespace cullet
