// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
namespace fs = std::filesystem;

namespace {

std::string entry(const std::string& mode, const std::string& name, const std::string& id) {
  std::string bytes;
  for (std::size_t i = 0; i < id.size(); i += 2)
    bytes += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
  return mode + " " + name + std::string(1, '\0') + bytes;
}

/// A repository whose only branch leads to a tree of these bytes.
struct TreeFixture : Fixture {
  GitRepo repo{path("repo")};
  std::string blob;

  TreeFixture() { blob = repo.git({"hash-object", "-w", "--stdin"}, "evil\n"); }
  std::string tree(const std::string& bytes) const {
    return repo.git({"hash-object", "-w", "-t", "tree", "--literally", "--stdin"}, bytes);
  }
  fs::path prepared(const std::string& tree_id) const {
    const auto commit = repo.git({"commit-tree", "-m", "x", tree_id});
    repo.git({"update-ref", "refs/heads/main", commit});
    const auto fork = Fixture::fork(repo.path().string(), commit);
    static_cast<void>(ensure_pin(context(), fork));
    return prepare(context(), fork).root;
  }
};

}  // namespace

TEST_CASE(
    "prepare: files, modes and symlinks as git holds them, without any filter, whatever the "
    "umask") {
  Fixture f;
  GitRepo repo(f.path("repo"));
  repo.git({"config", "core.autocrlf", "false"});
  repo.write(".gitattributes", "*.txt text eol=crlf ident\n");
  repo.write("a.txt", "$Id$\n");
  repo.write("dir/run", "#!/bin/sh\n");
  REQUIRE(::chmod((repo.path() / "dir/run").c_str(), 0755) == 0);
  fs::create_symlink("../nowhere", repo.path() / "dir/link");
  const auto pin = repo.commit("x");
  std::vector<TreeDigest> digests;
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    Fixture g;
    const auto before = ::umask(mask);
    const auto fork = f.fork(repo.path().string(), pin);
    static_cast<void>(ensure_pin(g.context(), fork));
    const auto tree = prepare(g.context(), fork);
    ::umask(before);
    digests.push_back(tree.digest);
    CHECK(slurp(tree.root / "a.txt") == "$Id$\n");
    CHECK(fs::read_symlink(tree.root / "dir/link") == "../nowhere");
  }
  CHECK(digests[0] == digests[1]);
  CHECK(digests[0] == digests[2]);
}

TEST_CASE("prepare: hostile trees are refused") {
  TreeFixture f;
  const auto evil = f.tree(entry("100644", "evil", f.blob));
  const auto link = f.repo.git({"hash-object", "-w", "--stdin"}, f.directory_.path().string());
  for (const auto& bytes : {entry("100644", "..", f.blob),
                            entry("40000", "..", evil),
                            entry("40000", ".git", evil),
                            entry("40000", ".GiT", evil),
                            entry("100644", ".", f.blob),
                            entry("120000", "a", link) + entry("40000", "a", evil),
                            entry("100644", "a/b", f.blob)}) {
    INFO(bytes);
    error_of(Kind::input, [&] { f.prepared(f.tree(bytes)); });
  }
  CHECK_FALSE(fs::exists(f.path("evil")));
  const auto nul = f.repo.git({"hash-object", "-w", "--stdin"}, std::string_view("a\0b", 3));
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(f.tree(entry("120000", "l", nul))); }),
             Catch::Contains("no proper target"));
}

TEST_CASE("prepare: trees that fold out to directories without a file are refused") {
  TreeFixture f;
  auto id = f.tree("");
  for (int level = 0; level < 40; ++level)
    id = f.tree(entry("40000", "a", id) + entry("40000", "b", id));
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(id); }),
             Catch::Contains("more than 2000000 directories"));
}

TEST_CASE("prepare: trees that fold out beyond all bounds are refused") {
  TreeFixture f;
  auto id = f.tree(entry("100644", "f", f.blob) + entry("100644", "g", f.blob));
  for (int level = 0; level < 8; ++level) {
    std::string bytes;
    for (const char* name : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"})
      bytes += entry("40000", name, id);
    id = f.tree(bytes);
  }
  CHECK_THAT(error_of(Kind::input, [&] { f.prepared(id); }),
             Catch::Contains("more than 2000000 files"));
}
