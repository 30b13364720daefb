// SPDX-License-Identifier: Apache-2.0
#include "hunk_apply.hpp"

#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;

namespace {

HunkResult applied(std::string_view content, const std::string& hunks) {
  const Cancel cancel;
  return apply_hunks(
      content, parse_patch("--- a/x\n+++ b/x\n" + hunks, 1, "p").at(0).hunks, cancel);
}

}  // namespace

TEST_CASE("apply_hunks: at its place, and moved up or down") {
  const std::string hunk = "@@ -3,3 +3,3 @@\n c\n-d\n+D\n e\n";
  CHECK(applied("a\nb\nc\nd\ne\nf\n", hunk).content == "a\nb\nc\nD\ne\nf\n");
  CHECK(applied("c\nd\ne\nf\n", hunk).content == "c\nD\ne\nf\n");
  CHECK(applied("0\n1\n2\na\nb\nc\nd\ne\nf\n", hunk).content == "0\n1\n2\na\nb\nc\nD\ne\nf\n");
}

TEST_CASE("apply_hunks: of two places the nearer one") {
  const std::string hunk = "@@ -7,3 +7,3 @@\n c\n-d\n+D\n e\n";
  CHECK(applied("c\nd\ne\n1\n2\n3\n4\nc\nd\ne\n5\n", hunk).content ==
        "c\nd\ne\n1\n2\n3\n4\nc\nD\ne\n5\n");
}

TEST_CASE("apply_hunks: there is no fuzz") {
  const auto result = applied("a\nb\nX\nd\ne\nf\n", "@@ -2,4 +2,4 @@\n b\n c\n-d\n+D\n e\n");
  REQUIRE(result.miss);
  CHECK(result.miss->hunk == 1);
  CHECK(result.miss->patch_line == 3);
  CHECK(result.miss->line == 3);
  CHECK(result.miss->wanted == "c\n");
  CHECK(result.miss->found == "X\n");
}

TEST_CASE(
    "apply_hunks: a hunk from line 1 belongs at the start, one without context at its end at the "
    "end") {
  CHECK(applied("x\na\nb\n", "@@ -1,2 +1,2 @@\n-a\n+A\n b\n").miss);
  CHECK(applied("a\nb\nx\n", "@@ -5,2 +5,2 @@\n a\n-b\n+B\n").miss);
  CHECK(applied("x\ny\na\nb\n", "@@ -5,2 +5,2 @@\n a\n-b\n+B\n").content == "x\ny\na\nB\n");
}

TEST_CASE("apply_hunks: no newline at the end, on either side") {
  CHECK(applied("a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n").content ==
        "a\nb\n");
  CHECK(applied("a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n").content ==
        "a\nb");
  CHECK(applied("a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n").miss);
}

TEST_CASE("apply_hunks: says when only line ends differ, and when the change is there already") {
  const auto crlf = applied("a\r\nb\r\nc\r\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  REQUIRE(crlf.miss);
  CHECK(crlf.miss->line_ends_differ);
  const auto there = applied("a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  REQUIRE(there.miss);
  CHECK(there.miss->there_already);
}

TEST_CASE("apply_hunks: lines that one hunk made are no context for the next") {
  const auto result =
      applied("a\nb\nc\nd\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -2,3 +2,3 @@\n B\n-c\n+C\n d\n");
  REQUIRE(result.miss);
  CHECK(result.miss->hunk == 2);
}
