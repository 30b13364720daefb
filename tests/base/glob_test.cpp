// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/glob.hpp"

#include <random>
#include <string>
#include <vector>

#include "cullet/base/text.hpp"

#include "base/failure.hpp"

using namespace cullet;

namespace {

bool matches(std::string_view pattern, std::string_view path) {
  return Glob(pattern).matches(path);
}

/// What a pattern of letters, '*', '?' and "**" means, written down as plainly as possible.
bool means(const std::string& pattern, const std::string& text) {
  if (pattern.empty())
    return text.empty();
  if (pattern[0] == '*')
    return means(pattern.substr(1), text) || (!text.empty() && means(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         means(pattern.substr(1), text.substr(1));
}
bool means(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.empty())
    return true;  // a directory stands for what is below it
  const std::vector<std::string> rest(pattern.begin() + 1, pattern.end());
  if (pattern[0] == "**" && means(rest, path))
    return true;
  if (path.empty())
    return false;
  const std::vector<std::string> below(path.begin() + 1, path.end());
  return pattern[0] == "**" ? means(pattern, below)
                            : means(pattern[0], path[0]) && means(rest, below);
}

}  // namespace

TEST_CASE("Glob: literals, and all that is below a directory") {
  CHECK(matches("usr/lib", "usr/lib"));
  CHECK(matches("usr/lib", "usr/lib/x/y"));
  CHECK(matches("usr/lib/", "usr/lib/x"));
  CHECK_FALSE(matches("usr/lib", "usr/lib64"));
  CHECK_FALSE(matches("usr/lib", "usr"));
  CHECK_FALSE(matches("usr/lib", "x/usr/lib"));
  CHECK(matches("./a//b", "a/b"));
  CHECK(matches("a\\b.c", "a\\b.c"));
  CHECK_FALSE(matches("a.c", "abc"));
}

TEST_CASE("Glob: star and question mark stay within a component") {
  CHECK(matches("usr/lib/libz.so*", "usr/lib/libz.so"));
  CHECK(matches("usr/lib/libz.so*", "usr/lib/libz.so.1.2.13"));
  CHECK_FALSE(matches("usr/*.so", "usr/lib/x.so"));
  CHECK(matches("*", ".hidden"));
  CHECK(matches("*/b", "a/b"));
  CHECK_FALSE(matches("a?b", "a/b"));
  CHECK(matches("a?b",
                "a\xff"
                "b"));
  CHECK_FALSE(matches("a?", "a"));
  CHECK(matches("*a*b*c", "xxaxxbxxbc"));
  CHECK_FALSE(matches("*a*b*c", "xxaxxbxxb"));
}

TEST_CASE("Glob: two stars are any number of components, none too") {
  CHECK(matches("usr/include/**", "usr/include/a/b.h"));
  CHECK(matches("usr/include/**", "usr/include"));
  CHECK(matches("**/*.h", "a.h"));
  CHECK(matches("**/*.h", "x/y/a.h"));
  CHECK_FALSE(matches("**/*.h", "x/y/a.c"));
  CHECK(matches("a/**/b/**/c", "a/b/c"));
  CHECK(matches("a/**/b/**/c", "a/x/b/y/b/z/c"));
  CHECK_FALSE(matches("a/**/b/**/c", "a/x/c"));
  CHECK(matches("**", "anything/at/all"));
  CHECK(matches("**/**/a", "a"));
}

TEST_CASE("Glob: classes") {
  CHECK(matches("[abc]", "b"));
  CHECK_FALSE(matches("[abc]", "d"));
  CHECK(matches("x[a-c0-9]y", "x7y"));
  CHECK_FALSE(matches("x[a-c0-9]y", "xdy"));
  CHECK(matches("[!a-c]", "d"));
  CHECK(matches("[^a]", "b"));
  CHECK_FALSE(matches("[!a]", "a"));
  CHECK(matches("[]]", "]"));
  CHECK(matches("[!]]", "a"));
  CHECK_FALSE(matches("[!]]", "]"));
  CHECK(matches("[a-]", "-"));
  CHECK(matches("[-a]", "-"));
  CHECK(matches("[[]", "["));
  CHECK(matches("[*]", "*"));
  CHECK_FALSE(matches("[*]", "a"));
  CHECK(matches("[\x80-\xff]", "\xc3"));
  CHECK_FALSE(matches("a[!x]b", "a/b"));
  CHECK(matches("*[0-9]", "libz.so.1"));
}

TEST_CASE("Glob: refuses malformed patterns") {
  using namespace std::string_view_literals;
  for (const auto pattern : {""sv,
                             "."sv,
                             "./"sv,
                             "/"sv,
                             "/usr"sv,
                             ".."sv,
                             "a/../b"sv,
                             "a["sv,
                             "[]"sv,
                             "[!]"sv,
                             "[a/b]"sv,
                             "a**"sv,
                             "**a/b"sv,
                             "***"sv,
                             "[z-a]"sv,
                             "a\0b"sv}) {
    CAPTURE(pattern);
    CHECK(failure([&] { Glob glob(pattern); }).kind() == Kind::input);
  }
  CHECK(failure([] { Glob glob("x["); }).message() ==
        "pattern 'x[' is malformed: '[' is not closed; a literal '[' is written '[[]'");
}

TEST_CASE("Glob: agrees with its meaning on random patterns and paths") {
  std::mt19937 random(17);
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  const auto assemble = [&](const std::vector<std::string>& parts) {
    std::vector<std::string> components;
    for (std::size_t i = 0, count = 1 + random() % 5; i < count; ++i)
      components.push_back(pick(parts));
    return components;
  };
  const std::vector<std::string> patterns = {
      "**", "**", "*", "a", "b", "a*", "*b", "?", "*a*b", "a?*", "ab", "*a*a*"};
  const std::vector<std::string> names = {"a", "b", "ab", "ba", "aab", "abab", "bb"};
  for (int i = 0; i < 50000; ++i) {
    const auto pattern = assemble(patterns);
    const auto path = assemble(names);
    CAPTURE(join(pattern, "/"), join(path, "/"));
    REQUIRE(matches(join(pattern, "/"), join(path, "/")) == means(pattern, path));
  }
}

TEST_CASE("Glob: hostile patterns don't take exponential time") {
  std::string pattern;
  std::string path;
  for (int i = 0; i < 60; ++i) {
    pattern += "**/a*a*a*a/";
    path += "aaaaaaaaaaaaaaab/";
  }
  CHECK_FALSE(matches(pattern + "z", path + "y"));
  CHECK_FALSE(matches(join(std::vector<std::string>(100, "*a"), "") + "b", std::string(4000, 'a')));
}
