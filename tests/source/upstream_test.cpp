// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/upstream.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"
#include "cullet/source/new_fork.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;

namespace {

constexpr std::string_view kText = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n";

/// An upstream whose first commit is v1.0, pinned.
struct UpstreamFixture : Fixture {
  UpstreamFixture() {
    repo.write("x.c", kText);
    pin = repo.commit("base");
    repo.git({"tag", "-a", "-m", "1.0", "v1.0"});
  }
  workspace::Fork pinned(const std::string& url, const std::string& upstream) const {
    auto result = fork(url, pin);
    result.upstream = upstream;
    result.version = "1.0";
    result.track = {{"tags", "v*"}};
    return result;
  }
  workspace::Fork pinned() const { return pinned(repo.path().string(), repo.path().string()); }
  std::string release(const std::string& tag, std::string_view text) {
    repo.write("x.c", text);
    const auto commit = repo.commit(tag);
    repo.git({"tag", tag});
    return commit;
  }

  GitRepo repo{path("srv/x.git")};
  std::string pin;
};

}  // namespace

TEST_CASE("check_upstream: counts commits and days to the newest tag") {
  UpstreamFixture f;
  CHECK(check_upstream(f.context(), f.pinned()).standing == Standing::current);
  f.repo.write("y", "y");
  f.repo.commit("y");
  const auto newest = f.release("v1.1", "one\n");
  f.release("v2.0-rc1", "two\n");
  const auto state = check_upstream(f.context(), f.pinned());
  CHECK(state.standing == Standing::behind);
  CHECK(state.newest.commit == newest);
  CHECK(state.newest.version == "1.1");
  CHECK(state.commits == 2U);
  CHECK(state.days == 2);
}

TEST_CASE("check_upstream: one request while nothing moves, none of them for objects") {
  UpstreamFixture f;
  f.release("v1.1", "one\n");
  GitServer server(f.path("srv"));
  for (const bool same : {true, false}) {
    INFO("same repository: " << same);
    const auto fork = f.pinned(same ? server.url("plain/x.git") : f.repo.path().string(),
                               server.url("plain/x.git"));
    CHECK(check_upstream(f.context(), fork).standing == Standing::behind);
    static_cast<void>(server.requests());
    CHECK(check_upstream(f.context(), fork).commits == 1U);
    const auto again = server.requests();
    REQUIRE(again.size() == 1);
    CHECK_THAT(again[0], Catch::StartsWith("GET "));
  }
  f.release("v1.2", "two\n");
  const auto fork = f.pinned(server.url("plain/x.git"), server.url("plain/x.git"));
  CHECK(check_upstream(f.context(), fork).commits == 2U);
  CHECK(server.requests().size() >= 2);
}

TEST_CASE("check_upstream: an import is compared by version, without fetching anything") {
  UpstreamFixture f;
  f.release("v1.1", "one\n");
  GitServer server(f.path("srv"));
  auto fork = f.pinned("", server.url("plain/x.git"));
  fork.import = workspace::Archive{};
  fork.import->name = "never-read.tar";
  const auto state = check_upstream(f.context(), fork);
  CHECK(state.standing == Standing::behind);
  CHECK(state.newest.name == "v1.1");
  CHECK_FALSE(state.commits);
  CHECK(state.notes.size() == 1);
  CHECK(server.requests().size() == 1);
  fork.version = "1.1";
  CHECK(check_upstream(f.context(), fork).standing == Standing::current);
  fork.version = "1.2";
  CHECK(check_upstream(f.context(), fork).standing == Standing::ahead);
  fork.version = "";
  CHECK(check_upstream(f.context(), fork).standing == Standing::unknown);
}

TEST_CASE("check_upstream: rewritten history is said, and the pin stays usable") {
  UpstreamFixture f;
  const auto fork = f.pinned();
  static_cast<void>(check_upstream(f.context(), fork));
  const auto branch = f.repo.git({"rev-parse", "--abbrev-ref", "HEAD"});
  f.repo.git({"checkout", "-q", "--orphan", "fresh"});
  f.repo.write("x.c", "other\n");
  f.repo.commit("again");
  f.repo.git({"branch", "-M", "fresh", branch});
  f.repo.git({"tag", "-f", "v1.0"});
  const auto state = check_upstream(f.context(), fork);
  CHECK(state.standing == Standing::rewritten);
  CHECK_NOTHROW(prepare(f.context(), fork));
}

TEST_CASE("check_upstream: a tag that is deleted leaves the pin ahead") {
  UpstreamFixture f;
  f.pin = f.release("v1.1", "one\n");
  auto fork = f.pinned();
  fork.version = "1.1";
  CHECK(check_upstream(f.context(), fork).standing == Standing::current);
  f.repo.git({"tag", "-d", "v1.1"});
  const auto state = check_upstream(f.context(), fork);
  CHECK(state.standing == Standing::ahead);
  CHECK(state.newest.name == "v1.0");
}

TEST_CASE("check_upstream: what becomes of the series at the newest") {
  UpstreamFixture f;
  auto fork = f.pinned();
  fork.patches = {
      f.patch("a.patch", "--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n three\n"),
      f.patch("b.patch", "--- a/x.c\n+++ b/x.c\n@@ -7,3 +7,3 @@\n seven\n eight\n-nine\n+NINE\n")};
  f.release("v1.1", "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nninth\n");
  const auto state = check_upstream(f.context(), fork);
  REQUIRE(state.patches.size() == 2);
  CHECK(state.patches[0].fate == Fate::upstream);
  CHECK(state.patches[1].fate == Fate::conflict);
  REQUIRE(!state.patches[1].conflicts.empty());
  CHECK(state.patches[1].conflicts[0].path == "x.c");
}

TEST_CASE("check_upstream: what is asked for by name needs no rule that matches") {
  UpstreamFixture f;
  const auto release = f.release("v1.1", "one\n");
  const auto commit = f.release("v1.2", "two\n");
  auto fork = f.pinned();
  fork.track = {{"tags", "release-*"}};
  const auto asked = [&](const std::string& at) {
    return check_upstream(f.context(), fork, {.tree = true, .at = at});
  };
  CHECK_THAT(error_of(Kind::input, [&] { asked(""); }), Catch::Contains("'release-*'"));
  auto state = asked("v1.1");
  CHECK(state.newest.tag);
  CHECK(state.newest.commit == release);
  CHECK(state.followed.empty());
  state = asked(commit);
  CHECK(state.newest.commit == commit);
  CHECK(state.commits == 2U);
  CHECK_THAT(error_of(Kind::input, [&] { asked("v9"); }), Catch::Contains("v9"));
}

TEST_CASE("check_upstream: a candidate of upstream is no pin of the fork") {
  UpstreamFixture f;
  const auto ours = f.path("ours");
  run({"git", "clone", "-q", "--bare", f.repo.path().string(), ours.string()}, f.path(""));
  const auto newest = f.release("v1.1", "one\n");
  auto fork = f.pinned(ours.string(), f.repo.path().string());
  CHECK(check_upstream(f.context(), fork).commits == 1U);
  fork.commit = newest;
  CHECK_THROWS_AS(ensure_pin(f.context(), fork), Error);
  CHECK(ensure_candidate(f.context(), fork).commit == newest);
  CHECK_THROWS_AS(ensure_pin(f.context(), fork), Error);
}

TEST_CASE("check_upstream: without track, tags of another kind than the pin's are not newer") {
  UpstreamFixture f;
  f.repo.git({"tag", "release-120715"});
  f.release("v1.1", "one\n");
  f.release("twitter-20100825", "two\n");
  auto fork = f.pinned();
  fork.track.clear();
  auto state = check_upstream(f.context(), fork);
  CHECK(state.standing == Standing::behind);
  CHECK(state.newest.name == "v1.1");
  CHECK(state.followed == "tags v[0-9]*");
  CHECK(tags_to_track(f.context(), fork) == "v[0-9]*");
  fork.version = "";  // the commit's tags then, here of two kinds
  CHECK(check_upstream(f.context(), fork).followed == "tags release-[0-9]* v[0-9]*");
  CHECK(tags_to_track(f.context(), fork).empty());
  fork.version = "0.9";  // which has no tag
  CHECK(check_upstream(f.context(), fork).followed == "tags *");
}

TEST_CASE("check_upstream: a pin that has all of a tag with a higher version is not current") {
  UpstreamFixture f;
  f.repo.git({"tag", "release-120715"});
  f.pin = f.release("v1.1", "one\n");
  auto fork = f.pinned();
  fork.track.clear();
  fork.version = "1.0.5";
  const auto state = check_upstream(f.context(), fork);
  CHECK(state.newest.name == "release-120715");
  CHECK(state.standing == Standing::unknown);
  CHECK_FALSE(state.has_news());
  REQUIRE_FALSE(state.notes.empty());
  CHECK_THAT(join(state.notes, "\n"), Catch::Contains("track:"));
}
