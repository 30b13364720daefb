// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "cullet/source/new_fork.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

struct PinFixture : Fixture {
  GitRepo repo{path("repo")};
  std::string first, second;

  PinFixture() {
    repo.write("x", "1\n");
    first = repo.commit("first");
    repo.git({"tag", "-a", "-m", "one", "v1.0"});
    repo.write("x", "2\n");
    second = repo.commit("second");
  }
  workspace::Fork at(const std::string& commit) const { return fork(repo.path().string(), commit); }
  std::string refusal(const std::string& commit) const {
    return error_of(Kind::input, [&] { ensure_pin(context(), at(commit)); });
  }
};

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  return names;
}

fs::path mirror_in(const fs::path& directory) {
  for (const auto& name : names_in(directory))
    if (name.ends_with(".git"))
      return directory / name;
  return {};
}

}  // namespace

TEST_CASE("ensure_pin: clones, says the committer's time, and needs the origin no more") {
  PinFixture f;
  const auto info = ensure_pin(f.context(), f.at(f.first));
  CHECK(info.commit == f.first);
  CHECK(info.committer_time == 1'600'086'400);
  fs::remove_all(f.repo.path());
  CHECK(ensure_pin(f.context(), f.at(f.first)).commit == f.first);
  CHECK(ensure_pin(f.context(), f.at(f.second)).commit == f.second);  // came with the clone
  CHECK(slurp(prepare(f.context(), f.at(f.first)).root / "x") == "1\n");
}

TEST_CASE("ensure_pin: brings what is new, also beside tags of blobs and trees") {
  PinFixture f;
  f.repo.git({"tag", "-a", "-m", "blob", "a-blob", f.second + ":x"});
  f.repo.git({"tag", "a-tree", f.second + "^{tree}"});
  static_cast<void>(ensure_pin(f.context(), f.at(f.first)));
  f.repo.write("y", "3\n");
  const auto third = f.repo.commit("third");
  CHECK(ensure_pin(f.context(), f.at(third)).commit == third);
  CHECK(slurp(prepare(f.context(), f.at(third)).root / "y") == "3\n");
}

TEST_CASE("ensure_pin: a branch may become a directory of branches") {
  PinFixture f;
  f.repo.git({"branch", "topic"});
  static_cast<void>(ensure_pin(f.context(), f.at(f.first)));
  f.repo.git({"branch", "-D", "topic"});
  f.repo.write("y", "3\n");
  const auto third = f.repo.commit("third");
  f.repo.git({"branch", "topic/one"});
  CHECK(ensure_pin(f.context(), f.at(third)).commit == third);
}

TEST_CASE("ensure_pin: an unknown pin names the tag of its version") {
  PinFixture f;
  const auto text = f.refusal(std::string(40, '1'));
  CHECK_THAT(text,
             Catch::StartsWith(
                 "error: fork 'demo' has no commit 1111111111111111111111111111111111111111\n"));
  CHECK_THAT(text, Catch::Contains("tag v1.0 is at " + f.first));
  CHECK_THAT(text, Catch::Contains("while looking for the pin of fork 'demo'"));
}

TEST_CASE("ensure_pin: a tag's id is no commit, and the commit is named") {
  PinFixture f;
  const auto tag = f.repo.git({"rev-parse", "v1.0"});
  CHECK_THAT(f.refusal(tag), Catch::Contains("is a tag, not a commit"));
  CHECK_THAT(f.refusal(tag), Catch::Contains("it leads to commit " + f.first));
  CHECK_THAT(f.refusal(f.repo.git({"rev-parse", "HEAD^{tree}"})),
             Catch::Contains("is a tree, not a commit"));
}

TEST_CASE("ensure_pin: a commit that no branch or tag leads to any more") {
  PinFixture f;
  sync(f.context(), f.at(f.first));
  f.repo.git({"reset", "-q", "--hard", f.first});
  f.repo.write("x", "other\n");
  f.repo.commit("other");
  sync(f.context(), f.at(f.first));
  CHECK_THAT(f.refusal(f.second), Catch::Contains("is on no branch and no tag"));
  CHECK_THAT(f.refusal(f.second), Catch::Contains("the commit exists"));
}

TEST_CASE("ensure_pin: what was reachable once stays good") {
  PinFixture f;
  static_cast<void>(ensure_pin(f.context(), f.at(f.second)));
  f.repo.git({"reset", "-q", "--hard", f.first});
  sync(f.context(), f.at(f.second));
  CHECK(ensure_pin(f.context(), f.at(f.second)).commit == f.second);
}

TEST_CASE("ensure_pin: malformed pins, absent repositories, SHA-256 repositories") {
  PinFixture f;
  CHECK_THAT(f.refusal("v1.0"), Catch::Contains("is no commit id"));
  CHECK_THAT(f.refusal(std::string(64, 'a')), Catch::Contains("SHA-256"));
  const auto absent = f.fork(f.path("none").string(), f.first);
  CHECK_THAT(error_of(Kind::input, [&] { ensure_pin(f.context(), absent); }),
             Catch::Contains("there is no git repository at " + f.path("none").string()));
  GitRepo other(f.path("sha256"), {"--object-format=sha256"});
  other.commit("x");
  CHECK_THAT(error_of(Kind::input,
                      [&] { ensure_pin(f.context(), f.fork(other.path().string(), f.first)); }),
             Catch::Contains("SHA-256"));
}

TEST_CASE("ensure_pin: insteadOf leads elsewhere; the mirror stays the fork's") {
  PinFixture f;
  spew(f.path("home/.gitconfig"),
       cat("[url \"",
           f.directory_.path().string(),
           "/\"]\n insteadOf = https://git.example.com/\n"));
  const auto fork = f.fork("https://git.example.com/repo", f.first);
  CHECK(ensure_pin(f.context(), fork).commit == f.first);
}

TEST_CASE("ensure_pin: offline, an https fork that isn't there says so; a local one is read") {
  PinFixture f;
  f.options.offline = true;
  f.http = std::make_unique<http::Client>(f.options, f.cancel);
  CHECK_THAT(
      error_of(Kind::machine,
               [&] { ensure_pin(f.context(), f.fork("https://git.example.com/x", f.first)); }),
      Catch::Contains("--offline: https://git.example.com/x was not opened"));
  CHECK_THAT(error_of(Kind::machine,
                      [&] { ensure_pin(f.context(), f.fork("git@git.example.com:x", f.first)); }),
             Catch::Contains("--offline"));
  CHECK(ensure_pin(f.context(), f.at(f.first)).commit == f.first);
}

TEST_CASE("Mirror: one per fork and URL, inside of forks/, whatever the name") {
  PinFixture f;
  for (const auto* name : {"../../evil", "a/b", ".hidden", "", "long name with blanks"}) {
    auto fork = f.at(f.first);
    fork.name = name;
    CHECK(ensure_pin(f.context(), fork).commit == f.first);
  }
  fs::copy(f.repo.path(), f.path("copy"), fs::copy_options::recursive);
  static_cast<void>(ensure_pin(f.context(), f.at(f.first)));
  static_cast<void>(ensure_pin(f.context(), f.fork(f.path("copy").string(), f.first)));
  std::size_t mirrors = 0;
  for (const auto& name : names_in(f.store.forks_directory()))
    mirrors += name.ends_with(".git") ? 1 : 0;
  CHECK(mirrors == 7);
  CHECK_FALSE(fs::exists(f.path("store/evil")));
}

TEST_CASE("Mirror: threads and processes that update one take turns") {
  PinFixture f;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  const auto look = [&](const Context& context) {
    const auto info = ensure_pin(context, f.at(f.second));
    const auto tree = prepare(context, f.at(f.second));
    return info.commit == f.second && slurp(tree.root / "x") == "2\n";
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const auto child = ::fork();
    if (child == 0) {
      bool ok = false;
      try {
        store::Store own(f.store.root(),
                         {});  // a forked copy would share the parent's temporary names
        const Context context{.store = own,
                              .http = *f.http,
                              .cancel = f.cancel,
                              .workspace = f.path("ws"),
                              .mirrors = {},
                              .threads = 1,
                              .progress = nullptr,
                              .environment = f.environment};
        ok = look(context);
      } catch (const Error&) {
      }
      ::_exit(ok ? 0 : 1);
    }
    children.push_back(child);
  }
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { good += look(f.context()) ? 1 : 0; });
  for (auto& thread : threads)
    thread.join();
  CHECK(good == 3);
  for (const auto child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
}

TEST_CASE("Mirror: what a killed process left is cleared away") {
  PinFixture f;
  static_cast<void>(ensure_pin(f.context(), f.at(f.first)));
  fs::path mirror;
  for (const auto& entry : fs::directory_iterator(f.store.forks_directory()))
    if (entry.path().extension() == ".git")
      mirror = entry.path();
  spew(mirror / "packed-refs.lock", "");
  spew(mirror / ".tmp-00112233445566778899", "half");
  spew(mirror / "objects/pack/pack_git2_AbCdEf", "half");
  fs::create_directories(mirror.string() + ".new");
  f.repo.write("y", "3\n");
  const auto third = f.repo.commit("third");
  CHECK(ensure_pin(f.context(), f.at(third)).commit == third);
  CHECK_FALSE(fs::exists(mirror / "packed-refs.lock"));
  CHECK_FALSE(fs::exists(mirror / ".tmp-00112233445566778899"));
  CHECK_FALSE(fs::exists(mirror / "objects/pack/pack_git2_AbCdEf"));
  GitRepo const check(f.path("check"));
  CHECK_NOTHROW(check.git({"-C", mirror.string(), "fsck", "--strict", "--full"}));
  CHECK(check.git({"-C", mirror.string(), "rev-parse", "refs/cullet/pins/" + third}) == third);
}

TEST_CASE("ensure_pin: cancelling stops it") {
  PinFixture f;
  f.cancel.request();
  CHECK_THAT(error_of(Kind::interrupted, [&] { ensure_pin(f.context(), f.at(f.first)); }),
             Catch::Contains("error"));
  PinFixture g;
  CHECK(ensure_pin(g.context(), g.at(g.first)).commit == g.first);
}

TEST_CASE("sync: brings upstream beside the fork; its commits can be patches, not pins") {
  PinFixture f;
  GitRepo upstream(f.path("upstream"));
  upstream.git({"pull", "-q", f.repo.path().string(), "main"});
  upstream.write("x", "fixed\n");
  const auto fix = upstream.commit("fix");
  auto fork = f.at(f.second);
  fork.upstream = upstream.path().string();
  sync(f.context(), fork);
  fork.commit = fix;
  CHECK_THAT(error_of(Kind::input, [&] { ensure_pin(f.context(), fork); }),
             Catch::Contains("is on no branch"));
  fork.commit = f.second;
  workspace::Patch patch;
  patch.from = workspace::Patch::Commit{fix};
  fork.patches = {patch};
  static_cast<void>(ensure_pin(f.context(), fork));
  CHECK(slurp(prepare(f.context(), fork).root / "x") == "fixed\n");
}

TEST_CASE("ensure_pin: a damaged mirror is told as such, and how to mend it") {
  PinFixture f;
  sync(f.context(), f.at(f.first));
  const auto mirror = mirror_in(f.store.forks_directory());
  SECTION("an empty pack") {
    for (const auto& name : names_in(mirror / "objects/pack"))
      if (name.ends_with(".pack")) {
        fs::permissions(mirror / "objects/pack" / name, fs::perms{0644});
        spew(mirror / "objects/pack" / name, "");
      }
  }
  SECTION("no repository any more") {
    fs::remove_all(mirror / "refs");
    fs::remove_all(mirror / "objects");
    fs::remove(mirror / "HEAD");
  }
  const auto told = error_of(Kind::machine, [&] { ensure_pin(f.context(), f.at(f.first)); });
  CHECK_THAT(told, Catch::Contains("mirror " + mirror.string() + " is damaged"));
  CHECK_THAT(told, Catch::Contains("remove " + mirror.string()));
  fs::remove_all(mirror);
  CHECK(ensure_pin(f.context(), f.at(f.first)).commit == f.first);
}

TEST_CASE("forget_unpinned: a mirror goes unless a pin was found in it") {
  PinFixture f;
  const auto mirrors = [&] {
    auto names = names_in(f.store.forks_directory());
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".git"); });
    return names.size();
  };
  const auto nowhere = f.at(std::string(40, '1'));
  f.refusal(nowhere.commit);
  CHECK(mirrors() == 1);
  forget_unpinned(f.context(), nowhere);
  CHECK(mirrors() == 0);
  forget_unpinned(f.context(), nowhere);
  ensure_pin(f.context(), f.at(f.first));
  f.refusal(nowhere.commit);
  forget_unpinned(f.context(), nowhere);
  CHECK(mirrors() == 1);
  CHECK(ensure_pin(f.context(), f.at(f.first)).commit == f.first);
}

TEST_CASE("ensure_pin: a mirror that was opened is a mirror that was used") {
  PinFixture f;
  ensure_pin(f.context(), f.at(f.first));
  const auto mirror = mirror_in(f.store.forks_directory());
  fs::last_write_time(mirror, fs::file_time_type::clock::now() - std::chrono::hours(48));
  const auto old = fs::last_write_time(mirror);
  ensure_pin(f.context(), f.at(f.first));
  CHECK(fs::last_write_time(mirror) > old);
}
