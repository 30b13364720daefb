// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/kept.hpp"

#include <catch2/catch.hpp>

#include "cullet/archive/reader.hpp"
#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/text.hpp"

#include "fixture.hpp"
#include "support/string_sink.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

/// A repository of three commits, the second of which is the pin.
struct KeptFixture : Fixture {
  GitRepo repo{path("upstream")};
  std::string first, pin, change;

  KeptFixture() {
    repo.write("dir/a", "one\n");
    repo.write("same", "same\n");
    first = repo.commit("first");
    repo.write("dir/a", "two\n");
    pin = repo.commit("second");
    repo.write("dir/b", "new\n");
    repo.git({"rm", "-q", "same"});
    change = repo.commit("third");
  }
  [[nodiscard]] workspace::Fork pinned() const { return fork(repo.path().string(), pin); }
  [[nodiscard]] workspace::Fork with_change() const {
    auto out = pinned();
    workspace::Patch patch;
    patch.from = workspace::Patch::Commit{change};
    patch.reason = "it is needed";
    out.patches = {patch};
    return out;
  }
  [[nodiscard]] std::string packed(const SourceCommit& commit) const {
    StringSink sink;
    write_commit(context(), commit, sink);
    return std::move(sink).text();
  }
};

/// The members of a tar of git objects, changed by `edit`.
std::string rewritten(const std::string& tar,
                      const std::function<void(std::map<std::string, std::string>&)>& edit) {
  std::map<std::string, std::string> members;
  MemorySource source{std::string_view(tar)};
  archive::Reader reader(source, "tar", archive::Format::tar);
  while (const auto entry = reader.next())
    members[entry->path.str()] = read_all(reader.body(), 1U << 20U, "member");
  edit(members);
  StringSink sink;
  archive::TarWriter writer(sink);
  for (const auto& [name, bytes] : members) {
    MemorySource body{std::string_view(bytes)};
    writer.add(
        {*RelativePath::parse(name), archive::EntryType::file, 0644, 0, 0, bytes.size(), {}, {}},
        &body);
  }
  writer.finish();
  return std::move(sink).text();
}

void restore(const Fixture& f, const std::string& commit, bool change, const std::string& tar) {
  MemorySource source{std::string_view(tar)};
  restore_commit(f.context(), commit, change, source);
}

}  // namespace

TEST_CASE("gather, write_commit, restore_commit: a fork is built again with its upstream gone") {
  KeptFixture f;
  const auto fork = f.with_change();
  const auto commits = gather(f.context(), fork);
  REQUIRE(commits.size() == 2);
  CHECK(commits[0].commit == f.pin);
  CHECK(commits[0].change == false);
  CHECK(commits[1].commit == f.change);
  CHECK(commits[1].change == true);
  const auto tree = prepare(f.context(), fork).digest;
  const auto pin = f.packed(commits[0]), change = f.packed(commits[1]);

  KeptFixture other;
  fs::remove_all(other.repo.path());
  CHECK_FALSE(has_restored(other.context(), f.pin, false));
  restore(other, f.pin, false, pin);
  restore(other, f.change, true, change);
  CHECK(has_restored(other.context(), f.pin, false));
  CHECK_FALSE(has_restored(other.context(), f.pin, true));
  auto elsewhere = fork;
  elsewhere.url = "https://upstream.invalid/gone.git";
  other.options.offline = true;
  other.http = std::make_unique<http::Client>(other.options, other.cancel);
  CHECK(ensure_source(other.context(), elsewhere).commit == f.pin);
  CHECK(prepare(other.context(), elsewhere).digest == tree);
  // What has no history is no mirror: those who need one still ask upstream.
  CHECK_THAT(error_of(Kind::machine, [&] { ensure_pin(other.context(), elsewhere); }),
             Catch::Contains("--offline"));
}

TEST_CASE("write_commit: the bytes depend on the commit alone") {
  KeptFixture f;
  const auto commits = gather(f.context(), f.pinned());
  REQUIRE(commits.size() == 1);
  const auto once = f.packed(commits[0]);
  // Straight from upstream's loose objects, and from there packed with all history.
  auto there = commits[0];
  there.repository = f.repo.path() / ".git";
  CHECK(f.packed(there) == once);
  f.repo.git({"gc", "-q"});
  CHECK(f.packed(there) == once);
  KeptFixture other;
  restore(other, f.pin, false, once);
  CHECK(other.packed(gather(other.context(), other.pinned())[0]) == once);
}

TEST_CASE("write_commit: a change holds what differs, and no more") {
  KeptFixture f;
  const auto commits = gather(f.context(), f.with_change());
  std::size_t objects = 0;
  rewritten(f.packed(commits[1]), [&](auto& members) { objects = members.size(); });
  // Two commits, two roots, two of dir/, and the blobs of dir/b and the file that is gone.
  CHECK(objects == 8);
}

TEST_CASE("restore_commit: an object that is another, missing or no object is refused") {
  KeptFixture f;
  const auto commits = gather(f.context(), f.pinned());
  const auto tar = f.packed(commits[0]);
  KeptFixture other;
  const auto refused = [&](const std::string& text,
                           const std::function<void(std::map<std::string, std::string>&)>& edit) {
    CHECK_THAT(error_of(Kind::refused, [&] { restore(other, f.pin, false, rewritten(tar, edit)); }),
               Catch::Contains(text));
    CHECK_FALSE(has_restored(other.context(), f.pin, false));
  };
  const auto blob = f.repo.git({"rev-parse", f.pin + ":dir/a"});
  refused("hashes to", [&](auto& members) { members[blob].back() = '!'; });
  refused("is missing", [&](auto& members) { members.erase(blob); });
  refused("is missing", [&](auto& members) { members.erase(f.pin); });
  refused("is no git object", [&](auto& members) { members["hooks/post-checkout"] = "#!/bin/sh"; });
  refused("has no header", [&](auto& members) { members[blob] = "blob 7\nx"; });
  refused("has no header", [&](auto& members) { members[blob] = ""; });
  CHECK_THAT(
      error_of(Kind::input, [&] { restore(other, f.pin, false, tar.substr(0, tar.size() / 2)); }),
      Catch::Contains("restoring commit"));
  // Another commit's objects don't stand for this one's.
  auto there = commits[0];
  there.commit = f.first;
  CHECK_THAT(error_of(Kind::refused, [&] { restore(other, f.pin, false, f.packed(there)); }),
             Catch::Contains("is missing"));
  restore(other, f.pin, false, tar);
  CHECK(has_restored(other.context(), f.pin, false));
}

TEST_CASE("ensure_source: kept commits are asked for before upstream, and only then") {
  KeptFixture f;
  const auto tar = f.packed(gather(f.context(), f.pinned())[0]);
  KeptFixture other;
  fs::remove_all(other.repo.path());
  std::vector<std::string> asked;
  auto context = other.context();
  context.kept_commit = [&](const std::string& commit, bool) -> std::unique_ptr<Source> {
    asked.push_back(commit);
    return std::make_unique<MemorySource>(std::string_view(tar));
  };
  CHECK(ensure_source(context, other.pinned()).commit == f.pin);
  CHECK(asked == std::vector<std::string>{f.pin});
  CHECK(ensure_source(context, other.pinned()).commit == f.pin);
  CHECK(asked.size() == 1);  // what is there is not asked for

  // What is wrong with an answer sends the build upstream, as an absent one does.
  KeptFixture third;
  auto broken = third.context();
  broken.kept_commit = [&](const std::string&, bool) -> std::unique_ptr<Source> {
    return std::make_unique<MemorySource>(std::string_view("no tar"));
  };
  CHECK(ensure_source(broken, third.pinned()).commit == f.pin);
  CHECK_FALSE(has_restored(third.context(), f.pin, false));
}
