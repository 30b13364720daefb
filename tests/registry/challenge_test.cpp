// SPDX-License-Identifier: Apache-2.0
#include "challenge.hpp"

#include <catch2/catch.hpp>

using cullet::registry::parse_challenges;

TEST_CASE("parse_challenges: what registries send") {
  const auto all = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="registry, the \"big\" one",scope="repository:a/b:pull,push")");
  REQUIRE(all.size() == 1);
  CHECK(all[0].scheme == "bearer");
  CHECK(all[0].parameters.at("realm") == "https://auth.example/token");
  CHECK(all[0].parameters.at("service") == R"(registry, the "big" one)");
  CHECK(all[0].parameters.at("scope") == "repository:a/b:pull,push");
}

TEST_CASE("parse_challenges: several in one header") {
  const auto all =
      parse_challenges(R"(Negotiate abc==, Basic realm="x", charset=UTF-8 , BEARER Realm = y)");
  REQUIRE(all.size() == 3);
  CHECK(all[0].scheme == "negotiate");
  CHECK(all[1].scheme == "basic");
  CHECK(all[1].parameters.size() == 2);
  CHECK(all[2].scheme == "bearer");
  CHECK(all[2].parameters.at("realm") == "y");
}

TEST_CASE("parse_challenges: hostile headers give something or nothing, and end") {
  for (const auto* text : {"",
                           ",",
                           ",,,,",
                           "=",
                           "\"",
                           "Bearer",
                           "Bearer ",
                           "Bearer realm",
                           "Bearer realm=",
                           "Bearer realm=\"",
                           "Bearer realm=\"x\\",
                           "Bearer =x",
                           "a b c d",
                           "Basic realm=\"x\" y=z",
                           "\x01\x02\xff",
                           "Bearer,,realm=x"})
    CHECK(parse_challenges(text).size() <= 4);
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "S" + std::to_string(i) + " a=b, ";
  CHECK(parse_challenges(many).size() == 16);
  many = "S x=y";
  for (int i = 0; i < 1000; ++i)
    many += ", p" + std::to_string(i) + "=v";
  REQUIRE(parse_challenges(many).size() == 1);
  CHECK(parse_challenges(many)[0].parameters.size() == 32);
}

TEST_CASE("parse_challenges: the first of two equal parameters counts") {
  CHECK(parse_challenges("Bearer realm=a, realm=b").at(0).parameters.at("realm") == "a");
}
