// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

struct ModuleFixture : Fixture {
  GitRepo inner{path("inner")}, middle{path("middle")}, outer{path("outer")};
  std::string pin;

  ModuleFixture() {
    inner.write("deep.c", "deep\n");
    middle.write("middle.c", "middle\n");
    outer.write("outer.c", "outer\n");
    const auto first = link(middle, "in", "../inner", inner.commit("inner"));
    pin = link(outer, "lib/mid dle", middle.path().string(), first);
  }
  /// Commits a submodule; `git submodule add` would clone it, and takes its time.
  static std::string link(GitRepo& repo,
                          const std::string& at,
                          const std::string& url,
                          const std::string& commit) {
    repo.write(".gitmodules",
               cat("[submodule \"", at, "\"]\n\tpath = ", at, "\n\turl = ", url, "\n"));
    repo.git({"add", "-A"});
    repo.git({"update-index", "--add", "--cacheinfo", cat("160000,", commit, ",", at)});
    repo.git({"commit", "-q", "-m", "link"});
    return repo.git({"rev-parse", "HEAD"});
  }
  fs::path prepared(const workspace::Fork& fork) const {
    static_cast<void>(ensure_pin(context(), fork));
    return prepare(context(), fork).root;
  }
};

}  // namespace

TEST_CASE("prepare: submodules at their commits, nested and relative, patches included") {
  ModuleFixture f;
  f.middle.write("middle.c", "newer\n");
  f.middle.git({"commit", "-q", "-a", "-m", "newer"});
  auto fork = f.fork(f.outer.path().string(), f.pin);
  auto root = f.prepared(fork);
  CHECK(slurp(root / "lib/mid dle/middle.c") == "middle\n");
  CHECK(slurp(root / "lib/mid dle/in/deep.c") == "deep\n");
  fs::remove_all(f.inner.path());
  fs::remove_all(f.middle.path());
  CHECK(f.prepared(fork) == root);  // all of it is here
  fork.patches = {f.patch("p",
                          "--- a/lib/mid dle/in/deep.c\t\n+++ b/lib/mid dle/in/deep.c\t\n@@ -1 +1 "
                          "@@\n-deep\n+patched\n")};
  CHECK(slurp(f.prepared(fork) / "lib/mid dle/in/deep.c") == "patched\n");
}

TEST_CASE("prepare: a submodule whose commit is gone, or without a URL") {
  ModuleFixture f;
  const auto fork = f.fork(f.outer.path().string(), f.pin);
  f.middle.git({"commit", "-q", "--amend", "-m", "other"});
  f.middle.git({"reflog", "expire", "--expire=now", "--all"});
  f.middle.git({"gc", "-q", "--prune=now"});
  const auto gone = error_of(Kind::input, [&] { f.prepared(fork); });
  CHECK_THAT(gone, Catch::Contains("has no commit"));
  CHECK_THAT(gone, Catch::Contains("while adding submodule 'lib/mid dle'"));
  f.outer.git({"rm", "-q", "--cached", ".gitmodules"});
  f.outer.git({"commit", "-q", "-m", "no .gitmodules"});
  const auto bare = f.fork(f.outer.path().string(), f.outer.git({"rev-parse", "HEAD"}));
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(bare); }),
             Catch::Contains("has no URL in .gitmodules"));
}

TEST_CASE("prepare: a remote fork can't have a local submodule") {
  ModuleFixture f;
  GitServer const server(f.directory_.path());
  const auto fork = f.fork(server.url("plain/outer"), f.pin);
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(fork); }),
             Catch::Contains("but its parent is not local"));
}
