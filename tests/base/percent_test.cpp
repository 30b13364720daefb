// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/percent.hpp"

#include <catch2/catch.hpp>

using namespace cullet;

TEST_CASE("percent_escape: any bytes come back, and no space or newline is left") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  const auto escaped = percent_escape(all);
  CHECK(escaped.find_first_of(" \n\t") == std::string::npos);
  CHECK(percent_unescape(escaped) == all);
  CHECK(percent_escape("usr/lib/a b%") == "usr/lib/a%20b%25");
  CHECK(percent_unescape("50%, %4, %zz %41") == "50%, %4, %zz A");
}

TEST_CASE("percent_encode and percent_decode are inverse") {
  std::string all;
  for (int c = 1; c < 256; ++c)
    all += static_cast<char>(c);
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_encode("sha256:a/b c~") == "sha256%3Aa%2Fb%20c~");
  CHECK(percent_encode("madler/zlib", "/") == "madler/zlib");
  for (const auto* bad : {"%", "%1", "%zz", "%00", "a%4"})
    CHECK_FALSE(percent_decode(bad));
  CHECK_FALSE(percent_decode(std::string_view("a\0b", 3)));
}
