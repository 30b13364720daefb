// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/sha1.hpp"

#include <catch2/catch.hpp>

namespace cullet {
namespace {

TEST_CASE("sha1_hex: the vectors of FIPS 180-4", "[base]") {
  MemorySource nothing(std::string_view{}), abc(std::string_view("abc"));
  CHECK(sha1_hex(nothing) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(sha1_hex(abc) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  const std::string million(1'000'000, 'a');
  MemorySource many(million);
  CHECK(sha1_hex(many) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

}  // namespace
}  // namespace cullet
