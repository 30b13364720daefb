// SPDX-License-Identifier: Apache-2.0
#include "patch_text.hpp"

#include <catch2/catch.hpp>

#include "fixture.hpp"
#include "patch_path.hpp"

using namespace cullet;
using namespace cullet::source;
using cullet::source::test::error_of;
using Action = FilePatch::Action;

namespace {

std::string refusal(const std::string& text, int strip = 1) {
  return error_of(Kind::input, [&] { static_cast<void>(parse_patch(text, strip, "p")); });
}

const std::string kHunk = "@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n";

}  // namespace

TEST_CASE("parse_patch: a mail of git format-patch, with text before and a signature behind") {
  const auto patches = parse_patch(
      "From 0123 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH] x\n\n---\n a.c | 2 "
      "+-\n\n"
      "diff --git a/a.c b/a.c\nindex 111..222 100644\n--- a/a.c\n+++ b/a.c\n" +
          kHunk + "-- \n2.39.5\n\n",
      1,
      "p");
  REQUIRE(patches.size() == 1);
  CHECK(patches[0].new_path == "a.c");
  CHECK(patches[0].old_id == "111");
  CHECK(patches[0].hunks.at(0).lines.size() == 3);
  CHECK(patches[0].hunks[0].at == 12);
}

TEST_CASE("parse_patch: renames, copies, modes and empty files of git's format") {
  const auto patches = parse_patch(
      "diff --git a/old name b/new name\nsimilarity index 100%\nrename from old name\nrename to "
      "new name\n"
      "diff --git a/x b/y\nsimilarity index 90%\ncopy from x\ncopy to y\nindex 1..2 100644\n--- "
      "a/x\n+++ b/y\n" +
          kHunk +
          "diff --git a/run me b/run me\nold mode 100644\nnew mode 100755\n"
          "diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n"
          "diff --git \"a/\\303\\244\" \"b/\\303\\244\"\ndeleted file mode 100644\nindex "
          "e69de29..0000000\n",
      1,
      "p");
  REQUIRE(patches.size() == 5);
  CHECK(patches[0].action == Action::rename);
  CHECK(patches[0].old_path == "old name");
  CHECK(patches[0].new_path == "new name");
  CHECK(patches[1].action == Action::copy);
  CHECK(patches[1].hunks.size() == 1);
  CHECK(patches[2].new_path == "run me");
  CHECK(patches[2].new_mode == 0100755U);
  CHECK(patches[3].action == Action::create);
  CHECK(patches[4].action == Action::remove);
  CHECK(patches[4].old_path == "\xC3\xA4");
}

TEST_CASE("parse_patch: plain diffs with commands, Index lines, dates and epoch dates") {
  const auto patches = parse_patch(
      "Description: by hand\nIndex: src/a.c\n=====\n--- src.orig/a.c\t2020-01-01 "
      "00:00:00.000000000 +0000\n"
      "+++ src/a.c\t2020-01-02 00:00:00.000000000 +0000\n" +
          kHunk +
          "diff -ruN src.orig/new src/new\n--- src.orig/new\t1970-01-01 01:00:00.000000000 +0100\n"
          "+++ src/new\t2020-01-02 00:00:00.000000000 +0000\n@@ -0,0 +1 @@\n+hi\n"
          "--- src.orig/gone 2020-01-01 00:00:00.000000000 +0000\n+++ src/gone 1970-01-01 "
          "00:00:00.000000000 +0000\n"
          "@@ -1 +0,0 @@\n-hi\n"
          "--- /dev/null\n+++ b/made\n@@ -0,0 +1 @@\n+hi\n\\ No newline at end of file\n"
          "--- a/x.c.orig\n+++ a/x.c\n" +
          kHunk,
      1,
      "p");
  REQUIRE(patches.size() == 5);
  CHECK(patches[0].new_path == "a.c");
  CHECK(patches[1].may_create);
  CHECK(patches[1].new_path == "new");
  CHECK(patches[2].action == Action::remove);
  CHECK(patches[2].old_path == "gone");
  CHECK(patches[3].action == Action::create);
  CHECK(patches[3].hunks[0].lines[0].text == "hi");
  CHECK(patches[4].new_path == "x.c");
  CHECK(patches[4].other_path == "x.c.orig");
}

TEST_CASE("parse_patch: CRLF content keeps its carriage returns, headers lose theirs") {
  const auto patches = parse_patch("--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n", 1, "p");
  REQUIRE(patches.size() == 1);
  CHECK(patches[0].new_path == "x");
  CHECK(patches[0].hunks[0].lines[0].text == "a\r\n");
}

TEST_CASE("parse_patch: an empty context line may have lost its blank") {
  const auto patches = parse_patch("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n", 1, "p");
  CHECK(patches[0].hunks[0].lines[1].kind == ' ');
  CHECK(patches[0].hunks[0].lines[1].text == "\n");
}

TEST_CASE("parse_patch: refuses what is no patch") {
  CHECK_THAT(refusal(" \n"), Catch::Contains("patch p is empty"));
  CHECK_THAT(refusal("hello\n"), Catch::Contains("patch p holds no diff"));
  CHECK_THAT(refusal("*** a/x\n--- b/x\n***************\n"), Catch::Contains("context diff"));
  CHECK_THAT(refusal("Binary files a/x and b/x differ\n"), Catch::Contains("git diff --binary"));
  CHECK_THAT(refusal("diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n"),
             Catch::Contains("line 3: a binary file without its content"));
  CHECK_THAT(refusal("diff --git a/x b/x\nindex 1..2 160000\n--- a/x\n+++ b/x\n"),
             Catch::Contains("changes a submodule"));
  CHECK_THAT(refusal("diff --git a/x b/x\nnew file mode 140000\n"), Catch::Contains("file mode"));
  CHECK_THAT(refusal("diff --git a/x b/x\n"), Catch::Contains("line 1: it says nothing"));
}

TEST_CASE("parse_patch: refuses hunks whose counts are wrong") {
  CHECK_THAT(refusal("--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n one\n-two\n"),
             Catch::Contains("line 3: the hunk does not have the lines"));
  CHECK_THAT(refusal("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n+three\n"),
             Catch::Contains("line 7: the hunk before has more lines"));
  CHECK_THAT(refusal("--- a/x\n+++ b/x\n@@ -99999999999999999999 +1 @@\n"),
             Catch::Contains("line 3"));
  CHECK_THAT(refusal("--- a/x\n+++ b/x\n@@ -1,0 +1,0 @@\n"), Catch::Contains("the hunk is empty"));
}

TEST_CASE("parse_patch: refuses paths that leave the tree or reach into .git") {
  for (const auto* path :
       {"a/../../etc/passwd", "/etc/passwd", "a/.git/config", "a/sub/.GIT/hooks/x", "a/.."}) {
    INFO(path);
    CHECK_THAT(refusal(cat("--- ", path, "\n+++ ", path, "\n", kHunk)),
               Catch::Contains("is refused"));
    CHECK_THAT(refusal(cat("diff --git a/x b/x\nrename from x\nrename to ", path, "\n"), 0),
               Catch::Contains("refused"));
  }
  CHECK_THAT(refusal("--- x\n+++ x\n" + kHunk), Catch::Contains("strip: 0"));
  CHECK_THAT(refusal("diff --git a/../x b/../x\nold mode 100644\nnew mode 100755\n"),
             Catch::Contains("refused"));
}

TEST_CASE("parse_git_names: finds the middle of names with blanks") {
  CHECK(parse_git_names("a/x y b/x y", 1) == "x y");
  CHECK(parse_git_names("x x", 0) == "x");
  CHECK(parse_git_names("a/x b/y", 1) == std::nullopt);
  CHECK(unquote("\"a\\tb\\\"\\\\\"") == "a\tb\"\\");
  CHECK(unquote("\"a\\9\"") == std::nullopt);
}
