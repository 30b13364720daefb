// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/text.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;
using namespace std::string_literals;

namespace {

/// A fork of one commit, and its preparation with patches.
struct PatchFixture : Fixture {
  GitRepo repo{path("repo")};
  std::string pin;

  std::string numbered(int first, int last) const {
    std::string text;
    for (int i = first; i <= last; ++i)
      text += cat("line ", i, "\n");
    return text;
  }
  workspace::Fork with(std::vector<workspace::Patch> patches) const {
    auto result = fork(repo.path().string(), pin);
    result.patches = std::move(patches);
    return result;
  }
  fs::path prepared(const workspace::Fork& fork) const {
    static_cast<void>(ensure_pin(context(), fork));
    return prepare(context(), fork).root;
  }
  std::string refusal(std::string_view text, int strip = 1) const {
    auto one = patch("p.patch", text);
    one.strip = strip;
    return error_of(Kind::input, [&] { prepared(with({one})); });
  }
};

std::string plain_diff(const fs::path& in) {
  ProcessSpec spec;
  spec.argv = {"diff", "-ruN", "a", "b"};
  spec.directory = in;
  spec.environment = {"TZ=America/New_York", "LC_ALL=C"};
  return run_captured(std::move(spec), "", Cancel()).out;  // exit status 1: they differ
}

}  // namespace

TEST_CASE("prepare: applies the series in order, git's format and plain") {
  PatchFixture f;
  f.repo.write("src/x.c", f.numbered(1, 20));
  f.pin = f.repo.commit("base");
  const auto first =
      f.patch("1.patch",
              "--- a/src/x.c\n+++ b/src/x.c\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+FIVE\n line 6\n");
  const auto second = f.patch("sub/2.patch",
                              "diff --git a/src/x.c b/src/x.c\n--- a/src/x.c\n+++ b/src/x.c\n@@ "
                              "-4,3 +4,3 @@\n line 4\n-FIVE\n+5\n line 6\n");
  const auto root = f.prepared(f.with({first, second}));
  CHECK_THAT(slurp(root / "src/x.c"), Catch::Contains("line 4\n5\nline 6\n"));
  CHECK_THAT(error_of(Kind::input,
                      [&] {
                        f.prepared(f.with({second, first}));
                      }),
             Catch::Contains("patch sub/2.patch does not apply to demo 1.0"));
}

TEST_CASE("prepare: names file, line and hunk of a patch that does not apply") {
  PatchFixture f;
  f.repo.write("x.c", f.numbered(1, 40));
  f.pin = f.repo.commit("base");
  const auto text = f.refusal(
      "--- a/x.c\n+++ b/x.c\n@@ -2,3 +2,3 @@\n line 2\n-line 3\n+3\n line 4\n"
      "@@ -20,3 +20,3 @@\n line 20\n-line XX\n+21\n line 22\n");
  CHECK_THAT(text, Catch::StartsWith("error: patch p.patch does not apply to demo 1.0\n"));
  CHECK_THAT(text,
             Catch::Contains("hunk 2 of x.c, line 21: context not found (line 8 of the patch)"));
  CHECK_THAT(text, Catch::Contains("wanted: line XX"));
  CHECK_THAT(text, Catch::Contains("found:  line 21"));
  CHECK_THAT(text, Catch::Contains("while preparing fork 'demo' at " + f.pin.substr(0, 12)));
}

TEST_CASE("prepare: recognises a patch that is applied already, and an empty one") {
  PatchFixture f;
  f.repo.write("x.c", f.numbered(1, 9));
  f.repo.write("made", "hi\n");
  f.pin = f.repo.commit("base");
  CHECK_THAT(f.refusal("--- a/x.c\n+++ b/x.c\n@@ -4,3 +4,3 @@\n line 4\n-old\n+line 5\n line 6\n"
                       "--- /dev/null\n+++ b/made\n@@ -0,0 +1 @@\n+hi\n"
                       "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ "
                       "/dev/null\n@@ -1 +0,0 @@\n-x\n"),
             Catch::Contains("patch p.patch is already applied in demo 1.0"));
  CHECK_THAT(f.refusal("\n"), Catch::Contains("is empty"));
  CHECK_THAT(f.refusal("--- a/x.c\n+++ b/x.c\n@@ -4,3 +4,3 @@\n line 4\n-old\n+line 5\n line 6\n"
                       "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n"),
             Catch::Contains("what hunk 1 of x.c makes is in the file already"));
}

TEST_CASE("prepare: a wrong strip level is pointed out") {
  PatchFixture f;
  f.repo.write("src/x.c", "a\n");
  f.pin = f.repo.commit("base");
  const std::string hunk = "@@ -1 +1 @@\n-a\n+b\n";
  CHECK_THAT(f.refusal("--- src/x.c\n+++ src/x.c\n" + hunk), Catch::Contains("try `strip: 0`"));
  CHECK_THAT(f.refusal("--- a/b/src/x.c\n+++ a/b/src/x.c\n" + hunk),
             Catch::Contains("try `strip: 2`"));
}

TEST_CASE("prepare: a patch can't lead through a symlink, onto a directory, or through a file") {
  PatchFixture f;
  f.repo.write("dir/x", "a\n");
  f.repo.write("file", "a\n");
  fs::create_symlink("/tmp", f.repo.path() / "link");
  f.pin = f.repo.commit("base");
  const auto create = [](const std::string& path) {
    return cat("--- /dev/null\n+++ b/", path, "\n@@ -0,0 +1 @@\n+evil\n");
  };
  CHECK_THAT(f.refusal(create("link/evil")), Catch::Contains("leads through the symlink 'link'"));
  CHECK_THAT(f.refusal(create("file/evil")), Catch::Contains("leads through the file 'file'"));
  CHECK_THAT(f.refusal(create("dir")), Catch::Contains("is a directory"));
  CHECK_THAT(f.refusal("--- a/link\n+++ b/link\n@@ -1 +1 @@\n-/tmp\n\\ No newline at end of "
                       "file\n+/etc\n\\ No newline at end of file\n"),
             Catch::Contains("link is a symlink"));
  CHECK_THAT(f.refusal(cat("diff --git a/new b/new\nnew file mode 120000\n--- /dev/null\n+++ "
                           "b/new\n@@ -0,0 +1 @@\n+/etc\n"
                           "\\ No newline at end of file\n",
                           create("new/passwd"))),
             Catch::Contains("leads through the symlink 'new'"));
  CHECK_THAT(f.refusal(create("../evil")), Catch::Contains("is refused"));
}

TEST_CASE(
    "prepare: what git diff makes of renames, copies, modes, symlinks, binary and CRLF files") {
  PatchFixture f;
  std::string binary;
  for (int i = 0; i < 3000; ++i)
    binary += static_cast<char>(i * 7 % 256);
  f.repo.write("rename me", f.numbered(1, 50));
  f.repo.write("copied", f.numbered(100, 150));
  f.repo.write("run", "#!/bin/sh\n");
  f.repo.write("bin", binary);
  f.repo.write("bin2", binary + "x");
  f.repo.write("gone.bin", binary + "gone");
  f.repo.write("crlf", "a\r\nb\r\nc\r\n");
  f.repo.write("no newline", "a\nb");
  f.repo.write("type", "now a file");
  f.repo.write("swap1", f.numbered(200, 230));
  f.repo.write("swap2", f.numbered(300, 330));
  f.repo.write("b\xC3\xA4r\t", "x\n");
  f.repo.write("deep/dir/file", "x\n");
  fs::create_symlink("old-target", f.repo.path() / "link");
  fs::create_symlink("a target that stays", f.repo.path() / "moved link");
  f.pin = f.repo.commit("base");
  fs::rename(f.repo.path() / "rename me", f.repo.path() / "renamed");
  spew(f.repo.path() / "renamed", f.numbered(1, 49) + "end\n");
  f.repo.write("copy", f.numbered(100, 149) + "copy\n");
  f.repo.write("copied", f.numbered(100, 140));
  REQUIRE(::chmod((f.repo.path() / "run").c_str(), 0755) == 0);
  binary[1000] = 'X';
  f.repo.write("bin", binary);
  f.repo.write("bin2", "short\0binary"s + std::string(1, '\0'));
  f.repo.write("new.bin", binary.substr(0, 500));
  f.repo.write("new\nname", "newline\n");
  fs::remove(f.repo.path() / "gone.bin");
  f.repo.write("crlf", "a\r\nB\r\nc\n");
  f.repo.write("no newline", "a\nb\n");
  fs::remove(f.repo.path() / "type");
  fs::create_symlink("now a link", f.repo.path() / "type");
  f.repo.write("swap1", f.numbered(300, 330));
  f.repo.write("swap2", f.numbered(200, 230));
  f.repo.write("b\xC3\xA4r\t", "y\n");
  fs::remove_all(f.repo.path() / "deep");
  f.repo.write("deep", "now a file\n");
  f.repo.write("empty", "");
  fs::rename(f.repo.path() / "moved link", f.repo.path() / "link that moved");
  fs::remove(f.repo.path() / "link");
  fs::create_symlink("new-target", f.repo.path() / "link");
  const auto changed = f.repo.commit("change\n\n+++ with lines\n--- that look like a patch\n");
  const auto want = f.prepared(f.fork(f.repo.path().string(), changed));
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"-M", "-C", "-C", "-B"},
                                             {"--no-renames"},
                                             {"--no-renames", "--full-index"},
                                             {"-M", "-U1"}}) {
    auto arguments = options;
    arguments.insert(arguments.begin(), {"format-patch", "--stdout", "--binary"});
    arguments.insert(arguments.end(), cat(f.pin, "..", changed));
    INFO(join(arguments, " "));
    const auto text = f.repo.git(arguments) + "\n";
    const auto root = f.prepared(f.with({f.patch("all.patch", text)}));
    CHECK(listing(root) == listing(want));
    auto applied = f.fork(f.repo.path().string(), changed);
    applied.patches = {f.patch("all.patch", text)};
    if (options.front() == "--no-renames")
      CHECK_THAT(error_of(Kind::input, [&] { f.prepared(applied); }),
                 Catch::Contains("already applied"));
  }
  workspace::Patch from_history;
  from_history.from = workspace::Patch::Commit{changed};
  from_history.strip = 0;
  CHECK(listing(f.prepared(f.with({from_history}))) == listing(want));
}

TEST_CASE("prepare: a binary patch for another file names both blobs; a damaged one is refused") {
  PatchFixture f;
  const auto zeros = std::string(100, '\0');
  f.repo.write("bin", zeros + "a");
  const auto before = f.repo.commit("a");
  f.repo.write("bin", zeros + "b");
  const auto after = f.repo.commit("b");
  auto text = f.repo.git({"diff", "--binary", before, after}) + "\n";
  f.repo.write("bin", zeros + "c");
  f.pin = f.repo.commit("c");
  CHECK_THAT(f.refusal(text),
             Catch::Contains("bin is not the file that the binary patch was made for"));
  f.pin = before;
  text.replace(text.find("\nMcmZ") + 6, 3, "000");
  INFO(text);
  CHECK_THAT(f.refusal(text), Catch::Contains("the binary patch of bin is"));
}

TEST_CASE("prepare: a patch that doesn't have the digest the fork states is refused") {
  PatchFixture f;
  f.repo.write("x", "one\n");
  f.pin = f.repo.commit("base");
  const std::string text = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n";
  auto patch = f.patch("p.patch", text);
  patch.sha256 = sha256(text);
  patch.at = {"forks/demo.yaml", 4, 5};
  CHECK(slurp(f.prepared(f.with({patch})) / "x") == "two\n");
  f.patch("p.patch", text + "\n");
  const auto error = error_of(Kind::refused, [&] { f.prepared(f.with({patch})); });
  CHECK_THAT(error, Catch::Contains("p.patch is not the one that forks/demo.yaml:4:5 names"));
  CHECK_THAT(error, Catch::Contains(sha256(text).str()));
  CHECK_THAT(error, Catch::Contains(sha256(text + "\n").str()));
}

TEST_CASE("prepare: a patch from the fork's history; merges and unknown commits are refused") {
  PatchFixture f;
  f.repo.write("x", f.numbered(1, 9));
  f.pin = f.repo.commit("base");
  f.repo.git({"checkout", "-q", "-b", "fix"});
  f.repo.write("x", f.numbered(1, 8) + "nine\n");
  const auto fix = f.repo.commit("fix");
  f.repo.git({"checkout", "-q", "main"});
  f.repo.write("y", "y\n");
  f.repo.commit("other");
  f.repo.git({"merge", "-q", "--no-ff", "-m", "merge", "fix"});
  const auto merge = f.repo.git({"rev-parse", "HEAD"});
  workspace::Patch patch;
  patch.from = workspace::Patch::Commit{fix};
  CHECK(slurp(f.prepared(f.with({patch})) / "x") == f.numbered(1, 8) + "nine\n");
  const auto content = read_patch(f.context(), f.with({patch}), patch);
  CHECK(content.sha256 == sha256(content.text));
  CHECK_THAT(content.text, Catch::StartsWith("diff --git a/x b/x\nindex "));
  patch.from = workspace::Patch::Commit{merge};
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(f.with({patch})); }),
             Catch::Contains("is a merge"));
  patch.from = workspace::Patch::Commit{std::string(40, 'a')};
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(f.with({patch})); }),
             Catch::Contains("and its upstream have no commit"));
}

TEST_CASE("read_patch: a file outside of forks/ is not read") {
  PatchFixture f;
  f.repo.write("x", "x\n");
  f.pin = f.repo.commit("base");
  spew(f.path("secret"), "secret");
  auto patch = f.patch("p", "x");
  patch.from = workspace::Patch::File{"../../secret"};
  CHECK_THROWS_AS(read_patch(f.context(), f.with({}), patch), Error);
  fs::create_symlink(f.path("secret"), f.path("ws/forks/link"));
  patch.from = workspace::Patch::File{"link"};
  CHECK_THROWS_AS(read_patch(f.context(), f.with({}), patch), Error);
  patch.from = workspace::Patch::File{"none"};
  CHECK_THAT(error_of(Kind::input, [&] { read_patch(f.context(), f.with({}), patch); }),
             Catch::Contains("there is no patch none in forks/"));
}

TEST_CASE("prepare: random changes give what git and diff say, forwards and already applied") {
  const unsigned seed = 20240607;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  for (int round = 0; round < 12; ++round) {
    PatchFixture f;
    std::vector<std::string> lines;
    for (int i = pick(120); i >= 0; --i)
      lines.push_back(cat("w", pick(9), pick(4) == 0 ? "\r" : "", "\n"));
    const auto edited = [&] {
      auto result = lines;
      for (int i = pick(6) + 1; i > 0 && !result.empty(); --i) {
        const auto at = result.begin() + pick(static_cast<int>(result.size()));
        const int what = pick(3);
        if (what == 0)
          result.erase(at);
        else if (what == 1)
          result.insert(at, cat("new ", pick(99), "\n"));
        else
          *at = cat("changed ", pick(99), pick(3) == 0 ? "" : "\n");
      }
      return join(result, "");
    };
    const auto before = join(lines, ""), after = edited();
    f.repo.write("x", before);
    f.pin = f.repo.commit("base");
    f.repo.write("x", after);
    const auto changed = f.repo.commit("change");
    spew(f.path("d/a/x"), before);
    spew(f.path("d/b/x"), after);
    for (const auto& text :
         {f.repo.git({"diff", f.pin, changed}) + "\n", plain_diff(f.path("d"))}) {
      if (before == after)
        continue;
      INFO(text);
      CHECK(slurp(f.prepared(f.with({f.patch("r.patch", text)})) / "x") == after);
      auto applied = f.fork(f.repo.path().string(), changed);
      applied.patches = {f.patch("r.patch", text)};
      CHECK_THROWS_AS(f.prepared(applied), Error);
    }
  }
}

TEST_CASE("prepare: refuses a binary patch whose stream has no end or goes on behind it") {
  PatchFixture f;
  f.repo.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  f.pin = f.repo.commit("base");
  const auto refused = [&](std::string_view forward) {
    return f.refusal(
        cat("diff --git a/a b/a\n"
            "index 07193989308c972f8a2d0f1b3a15c29ea4ac565b.."
            "1ca09ecd42a7f126c6ddd0284efd1a1b8566120a 100644\n"
            "GIT binary patch\nliteral 60\n",
            forward,
            "\n\nliteral 18\nZcmXryGU77kGT}1iGUGDmvf#4h0ss|e0yqEw\n\n"));
  };
  // libgit2 would go on for ever.
  CHECK_THAT(refused("NcmZQzWMUu}0SRU&06hQz"), Catch::Contains("a is damaged"));
  CHECK_THAT(refused("JcmZQzWMUu}0RRU&06h"), Catch::Contains("a is damaged"));
  CHECK_THAT(refused("NcmZQzWMUu}0RRU&06hQz\nA00000"), Catch::Contains("a is damaged"));
  CHECK_THAT(refused("NcmZQzWMUu}0RRU&06h\"z"), Catch::Contains("a is damaged"));
}
