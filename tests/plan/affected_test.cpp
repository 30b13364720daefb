// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/affected.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/carried.hpp"

#include "world.hpp"

namespace cullet::plan {
namespace {

constexpr const char* kPatches =
    "patches: [{ file: x.patch, fixes: [CVE-2024-1], reason: r, added: 2024-01-01 }]\n";

/// z ← p ← n, with images of n and of z's library; o is on its own.
World chain() {
  World world;
  world.recipe("z", "outputs: { lib: ['usr/lib/**'] }\n", kPatches);
  world.recipe("p", "needs: [z]\n");
  world.recipe("n", "needs: [p]\nimage: { contents: [n, { packages: [libc6] }] }\n");
  world.recipe("o", "image: { contents: [o] }\n");
  world.recipe("a", "image: { contents: [a, 'z:lib'] }\n");
  return world;
}

std::vector<std::string> names(const std::vector<Affected::Entry>& entries) {
  std::vector<std::string> out;
  for (const auto& entry : entries)
    out.push_back(entry.recipe->name);
  return out;
}

using Names = std::vector<std::string>;

TEST_CASE("affected: a fork reaches what is built from it, in the order of building") {
  const auto world = chain();
  const auto found = affected(world.workspace_, world.lock(), "z");
  CHECK(found.what == Affected::What::fork);
  CHECK(names(found.components) == Names{"z", "p", "n"});
  CHECK(names(found.images) == Names{"a", "n"});
  CHECK(found.images[0].path == Names{"fork z", "component z", "image a, which holds z:lib"});
  CHECK(found.images[1].path == Names{"fork z",
                                      "component z",
                                      "component p, which needs z",
                                      "component n, which needs p",
                                      "image n, which holds n"});
}

TEST_CASE("affected: an advisory is its patches' forks") {
  const auto world = chain();
  const auto found = affected(world.workspace_, world.lock(), "CVE-2024-1");
  CHECK(found.what == Affected::What::advisory);
  CHECK(names(found.images) == Names{"a", "n"});
  CHECK(found.components[0].path == Names{"patch x.patch", "fork z", "component z"});
}

TEST_CASE("affected: a package is in environments and in images") {
  const auto world = chain();
  const auto compiler = affected(world.workspace_, world.lock(), "gcc");
  CHECK(compiler.what == Affected::What::package);
  CHECK(names(compiler.components).size() == 5);
  const auto library = affected(world.workspace_, world.lock(), "libc6");
  CHECK(library.components.empty());
  CHECK(names(library.images) == Names{"n"});
  CHECK(library.images[0].path == Names{"package libc6 1", "image n"});
}

TEST_CASE("affected: a prefix says which is meant") {
  auto world = chain();
  world.recipe("gcc", "");
  CHECK(affected(world.workspace_, world.lock(), "gcc").what == Affected::What::fork);
  CHECK(affected(world.workspace_, world.lock(), "package:gcc").what == Affected::What::package);
}

TEST_CASE("affected: an unknown name suggests the nearest") {
  const auto world = chain();
  try {
    affected(world.workspace_, world.lock(), "CVE-2024-2");
    FAIL("found");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    CHECK(error.hints() == Names{"did you mean 'CVE-2024-1'?"});
  }
}

TEST_CASE("affected: a name in no workspace text drives no terminal") {
  const auto world = chain();
  try {
    affected(world.workspace_, world.lock(), "\x1b[2J");
    FAIL("found");
  } catch (const Error& error) {
    CHECK(error.message().find('\x1b') == std::string::npos);
  }
}

TEST_CASE("affected: what it reaches in a plan is what it says") {
  const auto world = chain();
  const auto plan = world.plan({"n", "o", "a"});
  const auto by_fork = affected(world.workspace_, world.lock(), "z");
  const auto by_package = affected(world.workspace_, world.lock(), "libc6");
  for (std::size_t index = 0; index < plan.nodes.size(); ++index) {
    const auto& title = plan.nodes[index].title();
    const bool of_z = title == "component z" || title == "component p" || title == "component n" ||
                      title == "output z:lib";
    INFO(title);
    CHECK(by_fork.reaches(plan, index) == of_z);
    CHECK(by_package.reaches(plan, index) == (title == "packages bookworm libc6"));
  }
  CHECK(by_fork.reaches("z:lib"));
  CHECK(!by_fork.reaches("o"));
  CHECK(!by_fork.reaches("files"));
}

TEST_CASE("PatchedForks: through needs, too, and no others") {
  const auto world = chain();
  const auto& recipes = world.workspace_.recipes;
  PatchedForks patched(world.workspace_);
  const std::set<std::string> z{"z"};
  CHECK(patched.of_image(recipes.at("n")) == z);
  CHECK(patched.of_image(recipes.at("o")).empty());
  CHECK(patched.of_image(recipes.at("n")) == z);  // asked again
}

TEST_CASE("plan: a reason changes the images that carry the patch, and no component") {
  auto world = chain();
  auto first = world.plan({"n", "o"});
  world.run(first);
  world.recipe("z",
               "outputs: { lib: ['usr/lib/**'] }\n",
               "patches: [{ file: x.patch, fixes: [CVE-2024-1], reason: better, added: 2024-01-01 "
               "}]\n");
  auto second = world.plan({"n", "o"});
  CHECK(world.run(second) == Names{"image n"});
}

}  // namespace
}  // namespace cullet::plan
