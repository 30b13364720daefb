// SPDX-License-Identifier: Apache-2.0
#include "../../src/build/disorder.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet::build {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

/// Everything below a directory, with the layers that have it, the lowest first.
using Where = std::map<std::string, std::string>;

void look(const fs::path& directory, const std::string& below, char layer, Where& found) {
  for (const auto& name : list_directory(open_directory(directory / below).get(), below)) {
    const auto path = below.empty() ? name : cat(below, "/", name);
    found[path] += layer;
    if (S_ISDIR(status_of(directory / path).st_mode))
      look(directory, path, layer, found);
  }
}

struct Laid {
  TemporaryDirectory place{fs::temp_directory_path()};
  fs::path tree = place.path() / "tree";
  std::vector<fs::path> layers;

  Laid() { make_directories(tree); }
  void file(const std::string& path) {
    make_directories((tree / path).parent_path());
    replace_file(tree / path, path, 0644, Durability::buffered);
  }
  Where lay() {
    layers = disordered(tree, place.path() / "into", Cancel());
    Where found;
    for (std::size_t index = layers.size(); index-- > 0;)
      look(layers[index], "", static_cast<char>('0' + index), found);
    return found;
  }
};

TEST_CASE("disordered: every file is there once, every directory as it was", "[build]") {
  Laid laid;
  for (int n = 0; n < 20; ++n)
    laid.file(cat("sub/deep/file", n));
  laid.file("top");
  fs::create_symlink("nowhere", laid.tree / "sub/link");
  fs::permissions(laid.tree / "sub/deep", fs::perms::owner_all);
  const auto before = status_of(laid.tree / "sub/deep");
  std::size_t moved = 0;
  for (const auto& [path, layers] : laid.lay()) {
    const fs::path in = laid.layers[static_cast<std::size_t>(layers[0] - '0')] / path;
    if (S_ISDIR(status_of(in).st_mode))
      continue;
    CHECK(layers.size() == 1);
    CHECK(fs::is_symlink(in) == (path == "sub/link"));
    CHECK(status_of(in).st_ino == status_of(laid.tree / path).st_ino);
    moved += path.starts_with("sub/deep/") && layers == "0" ? 1 : 0;
  }
  CHECK(moved == 10);
  for (const auto& layer : laid.layers) {
    const auto after = status_of(layer / "sub/deep");
    CHECK(after.st_mode == before.st_mode);
    CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec);
    CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
  }
}

TEST_CASE("disordered: of directories alone, one is not in the lowest layer", "[build]") {
  Laid laid;
  for (const auto* name : {"a", "b", "c"})
    laid.file(cat(name, "/only"));
  std::size_t above = 0;
  for (const auto& [path, layers] : laid.lay())
    if (path.size() == 1)
      above += layers.find(static_cast<char>('0' + kDisorderLayers - 1)) == layers.npos ? 1 : 0;
  CHECK(above == 1);
}

TEST_CASE("disordered: a directory with one entry, or none, is as it was", "[build]") {
  Laid laid;
  CHECK(laid.lay().empty());
  Laid other;
  other.file("only");
  CHECK(other.lay() == Where{{"only", cat(kDisorderLayers - 1)}});
}

TEST_CASE("disordered: a tree of any depth, with few descriptors", "[build]") {
  constexpr std::size_t kDepth = 1000;
  Laid laid;
  auto at = laid.tree;
  for (std::size_t depth = 0; depth < kDepth; ++depth) {
    // Now and then a directory that holds nothing else, so that layers are left out, too.
    if (depth % 20 == 10)
      make_directories(at / "x");
    else
      replace_file(at / "f", "", 0644, Durability::buffered);
    at /= "d";
    make_directories(at);
  }
  const auto before = status_of(at.parent_path());
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  // Of each level that stays open, the tree's and the layers' directories.
  const rlimit few{.rlim_cur = 40 + 34 * (kDisorderLayers + 1), .rlim_max = limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  std::string failed;
  Where found;
  try {
    found = laid.lay();
  } catch (const Error& error) {
    failed = error.render();
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(failed.empty());
  std::size_t files = 0, deepest = 0;
  for (const auto& [path, layers] : found) {
    deepest = std::max(deepest, path.size());
    if (!path.ends_with("/f") && path != "f")
      continue;
    ++files;
    CHECK(layers.size() == 1);
  }
  const auto below = at.native().substr(laid.tree.native().size() + 1);
  CHECK(files == kDepth - kDepth / 20);
  CHECK(deepest == below.size());
  REQUIRE(found.contains(below));
  const auto in = laid.layers[static_cast<std::size_t>(found.at(below)[0] - '0')] / below;
  const auto after = status_of(in.parent_path());
  CHECK(after.st_mode == before.st_mode);
  CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

}  // namespace
}  // namespace cullet::build
