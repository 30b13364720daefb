// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"
#include "cullet/source/series.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;

namespace {

/// 40 lines, some of them replaced.
std::string lines(const std::map<int, std::string>& replaced = {}) {
  std::string text;
  for (int i = 1; i <= 40; ++i)
    text += replaced.contains(i) ? replaced.at(i) : cat("line ", i, "\n");
  return text;
}

struct CarryFixture : Fixture {
  CarryFixture() {
    repo.write("x", lines());
    pin = repo.commit("base");
  }
  /// A patch that makes the pin's x this one, on top of `before`.
  workspace::Patch to(const std::string& name,
                      const std::string& after,
                      const std::string& before = lines()) {
    spew(path("d/before"), before);
    spew(path("d/after"), after);
    ProcessSpec spec;
    spec.argv = {"diff", "-u", "--label", "a/x", "--label", "b/x", "before", "after"};
    spec.directory = path("d");
    return patch(name, run_captured(std::move(spec), "", Cancel()).out);
  }
  std::string upstream(const std::string& content, const std::string& message) {
    repo.write("x", content);
    return repo.commit(message);
  }
  std::vector<Carried> carried(std::vector<workspace::Patch> patches) {
    auto pinned = fork(repo.path().string(), pin);
    pinned.patches = std::move(patches);
    ensure_pin(context(), pinned);
    const auto before = listing(path("ws"));
    auto result = carry(context(), pinned, repo.git({"rev-parse", "main"}));
    CHECK(listing(path("ws")) == before);
    return result;
  }
  /// The tree at upstream's main with the texts that carrying gave.
  std::string applied(std::vector<workspace::Patch> patches, const std::vector<Carried>& carried) {
    auto moved = fork(repo.path().string(), repo.git({"rev-parse", "main"}));
    for (const auto& one : carried)
      if (one.fate == Fate::merged)
        moved.patches.push_back(patch(cat("new", one.patch, ".patch"), one.text));
      else if (one.fate == Fate::applies)
        moved.patches.push_back(patches.at(one.patch));
    ensure_pin(context(), moved);
    return slurp(prepare(context(), moved).root / "x");
  }

  GitRepo repo{path("repo")};
  std::string pin;
};

}  // namespace

TEST_CASE("carry: each patch has its own fate") {
  CarryFixture f;
  const auto three = lines({{3, "three\n"}});
  const auto both = lines({{3, "three\n"}, {20, "twenty\n"}});
  const auto all = lines({{3, "three\n"}, {20, "twenty\n"}, {36, "thirty-six\n"}});
  const std::vector<workspace::Patch> patches = {
      f.to("fits.patch", three),
      f.to("moves.patch", both, three),
      f.to("theirs.patch", all, both),
  };
  // Upstream takes the last, and changes the surroundings of the second.
  f.upstream(lines({{36, "thirty-six\n"}}), "take it");
  f.upstream(lines({{22, "other\n"}, {36, "thirty-six\n"}}), "nearby");
  const auto carried = f.carried(patches);
  REQUIRE(carried.size() == 3);
  CHECK(carried[0].fate == Fate::applies);
  CHECK(carried[0].text.empty());
  CHECK(carried[1].fate == Fate::merged);
  CHECK_THAT(carried[1].text, Catch::Contains("+twenty") && Catch::Contains(" other"));
  CHECK(carried[2].fate == Fate::upstream);
  CHECK(carried[2].commit == f.repo.git({"rev-parse", "main~"}));
  CHECK(f.applied(patches, carried) ==
        lines({{3, "three\n"}, {20, "twenty\n"}, {22, "other\n"}, {36, "thirty-six\n"}}));
}

TEST_CASE("carry: a conflict names the lines where both changed the file") {
  CarryFixture f;
  f.upstream("added\n" + lines({{10, "theirs\n"}, {30, "same\n"}}), "other");
  const auto patch = f.to("p.patch", lines({{10, "ours\n"}, {30, "same\n"}}));
  const auto carried = f.carried({patch});
  REQUIRE(carried.at(0).fate == Fate::conflict);
  REQUIRE(carried[0].conflicts.size() == 1);
  CHECK(carried[0].conflicts[0].path == "x");
  CHECK(carried[0].conflicts[0].lines == std::vector<std::uint64_t>{11});
  CHECK(carried[0].conflicts[0].str() == "x, line 11: both change it");
}

TEST_CASE("carry: a patch in conflict is left out for those after it") {
  CarryFixture f;
  const auto first = lines({{10, "ours\n"}});
  const auto second = lines({{10, "ours\n"}, {30, "thirty\n"}});
  const auto third = lines({{10, "ours again\n"}, {30, "thirty\n"}});
  f.upstream(lines({{10, "theirs\n"}}), "other");
  const auto carried =
      f.carried({f.to("1", first), f.to("2", second, first), f.to("3", third, second)});
  CHECK(carried.at(0).fate == Fate::conflict);
  CHECK(carried.at(1).fate == Fate::applies);
  CHECK(carried.at(2).fate == Fate::conflict);
}

TEST_CASE("carry: a file that is gone upstream is a conflict, one that moved is followed") {
  CarryFixture f;
  f.repo.git({"mv", "x", "y"});
  f.repo.commit("move");
  auto carried = f.carried({f.to("p.patch", lines({{10, "ours\n"}}))});
  REQUIRE(carried.at(0).fate == Fate::merged);
  CHECK_THAT(carried[0].text, Catch::Contains("+++ b/y"));
  f.repo.git({"rm", "-q", "y"});
  f.repo.commit("remove");
  carried = f.carried({f.to("p.patch", lines({{10, "ours\n"}}))});
  REQUIRE(carried.at(0).fate == Fate::conflict);
  CHECK(carried[0].conflicts.at(0).str() == "x: it is not there");
}

TEST_CASE("carry: a change that upstream took and rewrote is upstream, by patch-id or by origin") {
  CarryFixture f;
  const auto taken = f.upstream(lines({{10, "fixed\n"}}), "take it");
  f.upstream(lines({{10, "fixed better\n"}}), "rewrite it");
  auto carried = f.carried({f.to("p.patch", lines({{10, "fixed\n"}}))});
  REQUIRE(carried.at(0).fate == Fate::upstream);
  CHECK(carried[0].commit == taken);
  CHECK_THAT(carried[0].note, Catch::Contains("changed since"));

  auto backport = f.to("p.patch", lines({{10, "fixed in our own way\n"}}));
  CHECK(f.carried({backport}).at(0).fate == Fate::conflict);
  backport.picked = {taken};
  carried = f.carried({backport});
  REQUIRE(carried.at(0).fate == Fate::upstream);
  CHECK(carried[0].commit == taken);
  backport.picked = {taken, std::string(40, '1')};
  CHECK(f.carried({backport}).at(0).fate == Fate::conflict);
}

TEST_CASE("carry: a fix that upstream took and reverted is carried on, with a note") {
  CarryFixture f;
  const auto taken = f.upstream(lines({{10, "fixed\n"}}), "take it");
  f.upstream(lines(), "revert it");
  auto patch = f.to("p.patch", lines({{10, "fixed\n"}}));
  patch.picked = {taken};
  const auto carried = f.carried({patch});
  CHECK(carried.at(0).fate == Fate::applies);
  CHECK_THAT(carried[0].note, Catch::Contains("reverted"));
}

TEST_CASE("carry: patches that are commits of the history") {
  CarryFixture f;
  f.repo.git({"checkout", "-q", "-b", "fix"});
  const auto fix = f.upstream(lines({{10, "fixed\n"}}), "fix");
  f.repo.git({"checkout", "-q", "main"});
  f.upstream(lines({{30, "thirty\n"}}), "go on");
  workspace::Patch patch;
  patch.from = workspace::Patch::Commit{fix};
  CHECK(f.carried({patch}).at(0).fate == Fate::applies);
  f.repo.git({"merge", "-q", "-m", "merge", "fix"});
  const auto carried = f.carried({patch});
  CHECK(carried.at(0).fate == Fate::upstream);
  CHECK(carried.at(0).commit == fix);
}
