// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/series.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"

#include "fixture.hpp"
#include "history.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

std::string numbered(int last, int changed = 0, std::string_view as = "changed") {
  std::string text;
  for (int i = 1; i <= last; ++i)
    text += i == changed ? cat(as, "\n") : cat("line ", i, "\n");
  return text;
}

/// A fork pinned at the first commit of its upstream, which goes on.
struct SeriesFixture : Fixture {
  SeriesFixture() {
    repo.write("src/x.c", numbered(40));
    repo.write("README", "read\n");
    pin = repo.commit("base");
  }
  workspace::Fork pinned(std::vector<workspace::Patch> patches = {}) const {
    auto result = fork(repo.path().string(), pin);
    result.patches = std::move(patches);
    static_cast<void>(ensure_pin(context(), result));
    return result;
  }
  /// A patch of line `line` of src/x.c, made on the pin.
  workspace::Patch change(const std::string& name, int line, std::string_view as = "changed") {
    spew(path("d/a/src/x.c"), numbered(40));
    spew(path("d/b/src/x.c"), numbered(40, line, as));
    ProcessSpec spec;
    spec.argv = {"diff", "-u", "a/src/x.c", "b/src/x.c"};
    spec.directory = path("d");
    return patch(name, run_captured(std::move(spec), "", Cancel()).out);
  }
  /// What the series makes of the pin, with the picked text as one more patch.
  fs::path with(workspace::Fork fork, const std::string& text) {
    fork.patches.push_back(patch("picked.patch", text));
    return prepare(context(), fork).root;
  }

  GitRepo repo{path("repo")};
  std::string pin;
};

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(directory),
                                                fs::recursive_directory_iterator()));
}

}  // namespace

TEST_CASE("pick: a commit, by id, short id and tag, on top of the series") {
  SeriesFixture f;
  f.repo.write("src/x.c", numbered(40, 30));
  f.repo.commit("something else");
  f.repo.write("src/x.c", cat("first\n", numbered(40, 30)));
  const std::string bytes("\0\1\2", 3);
  f.repo.write("data.bin", bytes);
  const auto fix = f.repo.commit("fix the first line\n\nBecause.");
  f.repo.git({"tag", "-a", "-m", "fixed", "fixed"});
  const auto fork = f.pinned({f.change("1.patch", 10)});
  for (const auto& name : {fix, fix.substr(0, 9), std::string("fixed")}) {
    INFO(name);
    const auto picked = pick(f.context(), fork, {name});
    CHECK(picked.commits == std::vector<std::string>{fix});
    CHECK(picked.subject == "fix the first line");
    CHECK_THAT(picked.text, Catch::Contains("GIT binary patch"));
    const auto root = f.with(fork, picked.text);
    CHECK(slurp(root / "src/x.c") == cat("first\n", numbered(40, 10)));
    CHECK(slurp(root / "data.bin") == bytes);
  }
}

TEST_CASE("pick: several commits make one patch, in the order given") {
  SeriesFixture f;
  f.repo.write("new", "one\n");
  const auto first = f.repo.commit("first");
  f.repo.write("new", "two\n");
  f.repo.git({"rm", "-q", "README"});
  const auto second = f.repo.commit("second");
  const auto fork = f.pinned();
  const auto picked = pick(f.context(), fork, {first, second});
  CHECK(picked.commits == std::vector<std::string>{first, second});
  const auto root = f.with(fork, picked.text);
  CHECK(slurp(root / "new") == "two\n");
  CHECK_FALSE(fs::exists(root / "README"));
  CHECK_THAT(error_of(Kind::input, [&] { pick(f.context(), fork, {second}); }),
             Catch::Contains("new"));
}

TEST_CASE("pick: follows a file that upstream has moved") {
  SeriesFixture f;
  f.repo.git({"mv", "src/x.c", "moved.c"});
  f.repo.commit("move");
  f.repo.write("moved.c", numbered(40, 20));
  const auto fix = f.repo.commit("fix");
  const auto fork = f.pinned();
  const auto root = f.with(fork, pick(f.context(), fork, {fix}).text);
  CHECK(slurp(root / "src/x.c") == numbered(40, 20));
  CHECK_FALSE(fs::exists(root / "moved.c"));
}

TEST_CASE("pick: a conflict names its files and lines, and leaves nothing behind") {
  SeriesFixture f;
  f.repo.write("src/x.c", numbered(40, 10, "upstream"));
  f.repo.write("README", "other\n");
  const auto fix = f.repo.commit("fix");
  const auto fork = f.pinned({f.change("1.patch", 10, "ours")});
  sync(f.context(), fork);
  const auto mirror = f.store.forks_directory();
  const auto before = listing(mirror);
  const auto workspace = listing(f.path("ws"));
  const auto error = error_of(Kind::input, [&] { pick(f.context(), fork, {fix}); });
  CHECK_THAT(error, Catch::Contains(fix.substr(0, 12) + " contradicts demo 1.0"));
  CHECK_THAT(error, Catch::Contains("src/x.c, line 10: both change it"));
  CHECK_THAT(error, !Catch::Contains("README"));
  CHECK_THAT(error, Catch::Contains("cullet patch edit demo"));
  CHECK(listing(mirror) == before);
  CHECK(listing(f.path("ws")) == workspace);
  const auto work = f.store.work_directory();
  CHECK(entries(work.root().parent_path()) == 1);  // this one: no other is left
}

TEST_CASE("pick: the first commit of a history is seen from nothing") {
  SeriesFixture f;
  f.repo.git({"checkout", "-q", "--orphan", "other"});
  f.repo.git({"rm", "-rfq", "."});
  f.repo.write("added", "by the first\n");
  const auto root_commit = f.repo.commit("root");
  const auto fork = f.pinned();
  const auto root = f.with(fork, pick(f.context(), fork, {root_commit}).text);
  CHECK(slurp(root / "added") == "by the first\n");
  CHECK(slurp(root / "README") == "read\n");
}

TEST_CASE("pick: a merge needs a mainline") {
  SeriesFixture f;
  f.repo.git({"checkout", "-q", "-b", "side"});
  f.repo.write("side", "side\n");
  f.repo.commit("side");
  f.repo.git({"checkout", "-q", "main"});
  f.repo.write("main", "main\n");
  const auto plain = f.repo.commit("main");
  f.repo.git({"merge", "-q", "--no-ff", "-m", "merge", "side"});
  const auto merge = f.repo.git({"rev-parse", "HEAD"});
  const auto fork = f.pinned();
  const auto error = error_of(Kind::input, [&] { pick(f.context(), fork, {merge}); });
  CHECK_THAT(error, Catch::Contains("is a merge"));
  CHECK_THAT(error, Catch::Contains("parent 1 is " + plain));
  CHECK_THAT(error, Catch::Contains("--mainline 1"));
  const auto root = f.with(fork, pick(f.context(), fork, {merge}, 1).text);
  CHECK(slurp(root / "side") == "side\n");
  CHECK_FALSE(fs::exists(root / "main"));
  const auto other = f.with(fork, pick(f.context(), fork, {merge}, 2).text);
  CHECK(slurp(other / "main") == "main\n");
  CHECK_THAT(error_of(Kind::input, [&] { pick(f.context(), fork, {merge}, 3); }),
             Catch::Contains("no parent 3"));
  CHECK_FALSE(pick(f.context(), fork, {plain}, 1).text.empty());
}

TEST_CASE("pick: a commit whose parent is not there says so") {
  SeriesFixture f;
  const auto fork = f.pinned();
  // A commit of a shallow history, as another tool may leave it in a repository.
  f.repo.write("README", "changed\n");
  f.repo.commit("gone");
  f.repo.write("README", "changed again\n");
  const auto tip = f.repo.commit("tip");
  sync(f.context(), fork);
  const auto parent = f.repo.git({"rev-parse", "HEAD~"});
  const auto mirror = *fs::directory_iterator(f.store.forks_directory());
  auto path = mirror.path();
  path.replace_extension(".git");
  // Its pack without the parent's commit object.
  const auto objects = f.repo.git({"rev-list", "--objects", "--all"});
  std::string kept;
  for (const auto& line : split(objects, '\n'))
    if (!line.starts_with(parent))
      kept += line.substr(0, 40) + "\n";
  for (const auto& file : fs::directory_iterator(path / "objects/pack"))
    fs::remove(file);
  f.repo.git({"pack-objects", "-q", (path / "objects/pack/pack").string()}, kept);
  const auto error = error_of(Kind::input, [&] { pick(f.context(), fork, {tip}); });
  CHECK_THAT(error, Catch::Contains("the parent of commit " + tip + " is missing"));
  CHECK_THAT(error, Catch::Contains(parent));
  CHECK_THAT(error, Catch::Contains("shallow"));
}

TEST_CASE("pick: what is there already, unknown and ambiguous names are refused") {
  SeriesFixture f;
  f.repo.write("README", "new\n");
  const auto fix = f.repo.commit("fix");
  f.repo.git({"branch", "topic"});
  f.repo.git({"tag", "topic", f.pin});
  f.repo.git({"tag", "v1.2.11"});
  const auto fork = f.pinned({f.patch("1.patch", f.repo.git({"diff", f.pin, fix}) + "\n")});
  CHECK_THAT(error_of(Kind::input, [&] { pick(f.context(), fork, {fix}); }),
             Catch::Contains("demo has the change already"));
  const auto ambiguous = error_of(Kind::input, [&] { pick(f.context(), fork, {"topic"}); });
  CHECK_THAT(ambiguous, Catch::Contains("'topic' means several commits"));
  CHECK_THAT(ambiguous, Catch::Contains("refs/heads/topic is " + fix));
  const auto unknown = error_of(Kind::input, [&] { pick(f.context(), fork, {"v1.2.1"}); });
  CHECK_THAT(unknown, Catch::Contains("have no commit 'v1.2.1'"));
  CHECK_THAT(unknown, Catch::Contains("did you mean 'v1.2.11'"));
  CHECK_THAT(error_of(Kind::input, [&] { pick(f.context(), fork, {std::string(40, 'a')}); }),
             Catch::Contains("no commit 'aaaa"));
}

TEST_CASE("pick: upstream is fetched only when the commit is not there, over http") {
  SeriesFixture f;
  f.repo.git({"clone", "-q", "--bare", ".", f.path("served/up.git").string()});
  GitServer server(f.path("served"));
  auto fork = f.pinned();
  fork.upstream = server.url("plain/up.git");
  f.repo.write("README", "new\n");
  const auto fix = f.repo.commit("fix");
  f.repo.git({"push", "-q", f.path("served/up.git").string(), "main"});
  // Of the fork's own repository it has to be unknown.
  f.repo.git({"reset", "-q", "--hard", f.pin});
  f.repo.git({"update-ref", "-d", "refs/remotes/origin/main"});
  CHECK(pick(f.context(), fork, {fix.substr(0, 8)}).commits.at(0) == fix);
  CHECK_FALSE(server.requests().empty());
  CHECK(pick(f.context(), fork, {fix}).commits.at(0) == fix);
  CHECK(server.requests().empty());
}

TEST_CASE("walk_patch_ids: are those of git patch-id --stable") {
  SeriesFixture f;
  f.repo.write("src/x.c", numbered(40, 5));
  f.repo.commit("one");
  f.repo.write("src/x.c", numbered(40, 6, "more\nlines"));
  f.repo.write("new", "file\n");
  f.repo.git({"rm", "-q", "README"});
  f.repo.commit("two");
  const auto fork = f.pinned();
  const auto last = find_named(f.context(), fork, "main");
  const auto patch_ids = [&](const git_oid& to, const std::vector<std::string>& paths) {
    std::vector<std::pair<std::string, std::string>> ids;
    walk_patch_ids(f.context(),
                   last.repository.get(),
                   parse_id(f.pin).value(),
                   to,
                   paths,
                   [&](const git_oid& commit, const git_oid& id) {
                     ids.emplace_back(hex(commit), hex(id));
                     return true;
                   });
    return ids;
  };
  const auto main = *git_commit_id(last.commit.get());
  const auto ids = patch_ids(main, {});
  REQUIRE(ids.size() == 2);
  for (const auto& [commit, id] : ids) {
    const auto diff =
        f.repo.git({"diff-tree", "-p", "--no-renames", "--full-index", commit + "~", commit});
    const auto line = f.repo.git({"patch-id", "--stable"}, diff + "\n");
    CHECK(line.substr(0, 40) == id);
  }
  CHECK(patch_ids(main, {"new"}).size() == 1);
  CHECK(patch_ids(parse_id(f.pin).value(), {}).empty());
}
