// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/path.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

using namespace cullet;

namespace {

std::string parsed(std::string_view text, bool absolute_ok = false) {
  const auto path = RelativePath::parse(text, absolute_ok);
  return path ? path->str() : "<none>";
}

}  // namespace

TEST_CASE("RelativePath::parse: normalises") {
  const std::vector<std::pair<std::string, std::string>> cases = {{"a", "a"},
                                                                  {"./a//b/", "a/b"},
                                                                  {"a/./b", "a/b"},
                                                                  {"...", "..."},
                                                                  {"..a/b..", "..a/b.."},
                                                                  {".hidden", ".hidden"},
                                                                  {"a\nb\xff", "a\nb\xff"},
                                                                  {" ", " "},
                                                                  {"a\\..\\b", "a\\..\\b"}};
  for (const auto& [text, want] : cases) {
    CAPTURE(text);
    CHECK(parsed(text) == want);
    CHECK(parsed(want) == want);
  }
}

TEST_CASE("RelativePath::parse: refuses what is not inside a root") {
  using namespace std::string_view_literals;
  for (const auto text : {""sv,
                          "."sv,
                          "/"sv,
                          "./"sv,
                          ".//."sv,
                          ".."sv,
                          "../a"sv,
                          "a/.."sv,
                          "a/../b"sv,
                          "/a"sv,
                          "//a"sv,
                          "a\0b"sv,
                          "\0"sv,
                          "a/..\0"sv}) {
    CAPTURE(text);
    CHECK(parsed(text) == "<none>");
  }
}

TEST_CASE("RelativePath::parse: drops a leading slash only where asked to") {
  CHECK(parsed("/a/b", true) == "a/b");
  CHECK(parsed("//a", true) == "a");
  CHECK(parsed("a", true) == "a");
  CHECK(parsed("/", true) == "<none>");
  CHECK(parsed("/../a", true) == "<none>");
}

TEST_CASE("RelativePath: parent and name") {
  const auto path = RelativePath::parse("a/b/c");
  REQUIRE(path);
  CHECK(path->name() == "c");
  REQUIRE(path->parent());
  CHECK(path->parent()->str() == "a/b");
  const auto top = RelativePath::parse("a");
  CHECK(top->name() == "a");
  CHECK_FALSE(top->parent());
}

TEST_CASE("RelativePath: ordered bytewise, high bytes last") {
  CHECK(*RelativePath::parse("a!b") < *RelativePath::parse("a/b"));
  CHECK(*RelativePath::parse("a/b") < *RelativePath::parse("a0"));
  CHECK(*RelativePath::parse("z") < *RelativePath::parse("\x80"));
}
