// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/edit.hpp"

#include <catch2/catch.hpp>
#include <sys/file.h>

#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

/// A fork of two files with two patches, and a checkout of it.
struct EditFixture : Fixture {
  EditFixture() {
    repo.write("a", "one\ntwo\nthree\n");
    repo.write("b", "b\n");
    fork = Fixture::fork(repo.path().string(), repo.commit("base"));
    fork.patches = {
        patch("z/1.patch", "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n three\n"),
        patch("z/2.patch",
              "Why: so.\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n ONE\n two\n-three\n+THREE\n")};
    ensure_pin(context(), fork);
  }
  void make() { make_checkout(context(), fork, work); }
  std::string git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"git", "-C", work.string()});
    return run(arguments, work.parent_path());
  }
  Edits edits() const { return read_edits(context(), fork, work); }

  GitRepo repo{path("repo")};
  workspace::Fork fork;
  fs::path work = path("ws/.cullet/edit/demo");
};

}  // namespace

TEST_CASE("checkout: the pin, a commit per patch, and nothing to commit") {
  EditFixture f;
  f.make();
  CHECK(f.git({"log", "--format=%s", "--reverse"}) == "pin of demo 1.0\nz/1.patch\nz/2.patch");
  CHECK(f.git({"status", "--porcelain"}).empty());
  CHECK(f.git({"fsck", "--strict"}).empty());
  CHECK(slurp(f.work / "a") == "ONE\ntwo\nTHREE\n");
  CHECK(f.edits().empty());
  CHECK_FALSE(has_unsaved(f.work));
  CHECK(is_current(f.context(), f.fork, f.work));
  CHECK(listing(prepare_edits(f.context(), f.fork, f.work).root) ==
        listing(prepare(f.context(), f.fork).root));
  // No object of it is anybody else's.
  fs::remove_all(f.store.forks_directory());
  CHECK(f.git({"show", "HEAD~2:b"}) == "b");
  CHECK_FALSE(fs::exists(f.work / ".git/objects/info/alternates"));
}

TEST_CASE("checkout: what a killed one left is removed, what another makes at this moment is not") {
  EditFixture f;
  const auto parent = f.work.parent_path();
  const auto left = parent / ".new-0123456789abcdef0123";
  const auto busy = parent / ".new-fedcba98765432100000";
  fs::create_directories(left / ".git");
  fs::create_directories(busy);
  const auto lock = open_directory(busy);
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  f.make();
  CHECK(slurp(f.work / "a") == "ONE\ntwo\nTHREE\n");
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::exists(busy));
}

TEST_CASE("checkout: attributes, filters and line ends change no byte, there and back") {
  EditFixture f;
  f.repo.write(".gitattributes", "* text=auto eol=crlf ident\n*.f filter=upper\n*.bin -diff\n");
  f.repo.write("mixed", "a\r\nb\nc\r\n$Id$\n");
  f.repo.write("x.f", "lower\n");
  f.repo.git({"-c", "core.autocrlf=false", "add", "-A", "--renormalize"});
  // The bytes as they are, whatever git's attributes would make of them.
  const auto id = f.repo.git({"hash-object", "-w", "--no-filters", "mixed"});
  f.repo.git({"update-index", "--add", "--cacheinfo", "100644," + id + ",mixed"});
  f.repo.git({"commit", "-q", "-m", "mixed"});
  f.fork.commit = f.repo.git({"rev-parse", "HEAD"});
  f.fork.patches.clear();
  ensure_pin(f.context(), f.fork);
  f.make();
  CHECK(slurp(f.work / "mixed") == "a\r\nb\nc\r\n$Id$\n");
  CHECK(f.git({"rev-parse", "HEAD^{tree}"}) == f.repo.git({"rev-parse", "HEAD^{tree}"}));
  CHECK(f.git({"-c", "core.autocrlf=true", "status", "--porcelain"}).empty());
  spew(f.work / "mixed", "a\r\nB\nc\r\n$Id$\n");
  f.git({"commit", "-qam", "change"});
  f.fork.patches.push_back(f.patch("z/new.patch", f.edits().series.at(0).text));
  CHECK(slurp(prepare(f.context(), f.fork).root / "mixed") == "a\r\nB\nc\r\n$Id$\n");
}

TEST_CASE("edits: unchanged patches stay, changed ones are refreshed, new ones follow") {
  EditFixture f;
  f.make();
  spew(f.work / "b", "changed\n");
  f.git({"commit", "-qam", "a new one"});
  fs::permissions(f.work / "b", fs::perms{0755});
  fs::create_symlink("b", f.work / "link");
  f.git({"add", "link"});
  CHECK(has_unsaved(f.work));
  auto edits = f.edits();
  REQUIRE(edits.series.size() == 4);
  CHECK(edits.series[0].was == 0);
  CHECK(edits.series[0].text.empty());
  CHECK(edits.series[1].was == 1);
  CHECK(edits.series[1].text.empty());
  CHECK_FALSE(edits.series[2].was);
  CHECK(edits.series[2].subject == "a new one");
  CHECK_FALSE(edits.series[3].was);
  CHECK(edits.series[3].subject.empty());
  CHECK_THAT(edits.series[3].text, Catch::Contains("new mode 100755") && Catch::Contains("120000"));
  CHECK_FALSE(edits.empty());
  auto saved = f.fork;
  saved.patches.push_back(f.patch("z/3.patch", edits.series[2].text));
  saved.patches.push_back(f.patch("z/4.patch", edits.series[3].text));
  CHECK(listing(prepare(f.context(), saved).root) ==
        listing(prepare_edits(f.context(), f.fork, f.work).root));
}

TEST_CASE("edits: an amended commit is its patch, and those after it stay if they still apply") {
  EditFixture f;
  f.make();
  f.git({"reset", "-q", "--hard", "HEAD~1"});
  spew(f.work / "b", "too\n");
  f.git({"commit", "-qa", "--amend", "--no-edit"});
  f.git({"cherry-pick", "ORIG_HEAD"});
  const auto edits = f.edits();
  REQUIRE(edits.series.size() == 2);
  CHECK(edits.series[0].was == 0);
  CHECK_THAT(edits.series[0].text, Catch::Contains("+too") && Catch::Contains("+ONE"));
  CHECK(edits.series[1].was == 1);
  CHECK(edits.series[1].text.empty());
  CHECK(edits.dropped.empty());
}

TEST_CASE("edits: a commit that is gone is a patch dropped") {
  EditFixture f;
  f.make();
  f.git({"reset", "-q", "--hard", "HEAD~2"});
  const auto edits = f.edits();
  CHECK(edits.series.empty());
  CHECK(edits.dropped == std::vector<std::size_t>{0, 1});
  CHECK_FALSE(edits.empty());
}

TEST_CASE("edits: what can't become a series is refused") {
  EditFixture f;
  f.make();
  const auto refusal = [&] { return error_of(Kind::input, [&] { f.edits(); }); };
  spew(f.work / "untracked", "x");
  CHECK_THAT(refusal(), Catch::Contains("does not track") && Catch::Contains("untracked"));
  CHECK(has_unsaved(f.work));
  fs::remove(f.work / "untracked");
  f.git({"commit", "-q", "--allow-empty", "-m", "empty"});
  CHECK_THAT(refusal(), Catch::Contains("the commit 'empty' changes nothing"));
  f.git({"reset", "-q", "--hard", "HEAD~1"});
  f.git({"checkout", "-q", "-b", "side", "HEAD~1"});
  spew(f.work / "b", "side\n");
  f.git({"commit", "-qam", "side"});
  f.git({"merge", "-q", "-m", "merge", "edit"});
  CHECK_THAT(refusal(), Catch::Contains("has a merge"));
  f.git({"checkout", "-q", "--orphan", "other"});
  f.git({"commit", "-q", "-m", "other"});
  CHECK_THAT(refusal(), Catch::Contains("does not start at the pin"));
  f.git({"checkout", "-q", "edit"});
  CHECK(f.edits().empty());
  f.patch("z/2.patch", slurp(f.path("ws/forks/z/2.patch")) + "\n");
  f.fork.at.file = "forks/demo.yaml";
  CHECK_THAT(refusal(), Catch::Contains("forks/demo.yaml has changed since"));
  CHECK_FALSE(is_current(f.context(), f.fork, f.work));
}

TEST_CASE("checkout: one that can't be made leaves nothing") {
  EditFixture f;
  f.fork.patches.push_back(f.fork.patches[0]);
  CHECK_THROWS_AS(f.make(), Error);
  CHECK_FALSE(fs::exists(f.work));
  CHECK((!fs::exists(f.work.parent_path()) || fs::is_empty(f.work.parent_path())));
}
