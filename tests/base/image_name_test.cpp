// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/image_name.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace cullet;

TEST_CASE("names_registry: as container tools tell a host from a repository's name") {
  for (const auto* text : {"localhost", "localhost:5000", "h.example", "h:1", "[::1]"})
    CHECK(names_registry(text));
  for (const auto* text : {"library", "", "local_host"})
    CHECK_FALSE(names_registry(text));
}

TEST_CASE("is_registry_host: names and addresses, with a port or without") {
  for (const auto* text :
       {"localhost", "H-1.example:65535", "10.0.0.1:5000", "[::1]", "[fe80::1]:1"})
    CHECK(is_registry_host(text));
  for (const auto* text : {"",
                           "h:",
                           "h:0",
                           "h:65536",
                           "h:x",
                           "h:1:2",
                           "-h",
                           "h-",
                           "h..x",
                           ".h",
                           "h_x",
                           "h.example.",
                           "[::1",
                           "[::1]x",
                           "[::1]:",
                           "[]",
                           "[g::]",
                           "::1"})
    CHECK_FALSE(is_registry_host(text));
}

TEST_CASE("is_repository_component: lower-case words and what may join them") {
  for (const auto* text : {"a", "0", "a.b", "a_b", "a__b", "a-b", "a---b", "a.b_c-d"})
    CHECK(is_repository_component(text));
  for (const auto* text : {"", "A", "a..b", "a___b", "a._b", "-a", "a-", "a/b", "a b", "\xc3\xa4"})
    CHECK_FALSE(is_repository_component(text));
}

TEST_CASE("is_tag: what every registry takes") {
  for (const auto* text : {"latest", "1.2.3-bg.1", "_", "A", "9"})
    CHECK(is_tag(text));
  for (const auto* text : {"", ".a", "-a", "a:b", "a+b", "a/b", "\xc3\xa4"})
    CHECK_FALSE(is_tag(text));
  CHECK(is_tag(std::string(128, 'a')));
  CHECK_FALSE(is_tag(std::string(129, 'a')));
}
