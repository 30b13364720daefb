// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/tags.hpp"

#include <catch2/catch.hpp>

#include "world.hpp"

namespace cullet::plan {
namespace {

constexpr const char* kPatches = "patches: [{ file: x.patch, reason: r, added: 2024-01-01 }]\n";

TagRules rules(const World& world, const std::string& name) {
  return tag_rules(world.workspace_, world.workspace_.recipes.at(name));
}

TEST_CASE("tag_rules: a tag that says the version is fixed, others move") {
  World world;
  world.recipe("n", "image: { contents: [n], tags: [latest, 'v{version}'] }\n");
  const auto found = rules(world, "n");
  CHECK(!found.patched);
  REQUIRE(found.tags.size() == 2);
  CHECK(found.tags[0].text == "latest");
  CHECK(!found.tags[0].fixed);
  CHECK(found.tags[1].text == "v1.0");
  CHECK(found.tags[1].fixed);
}

TEST_CASE("tag_rules: a patch below an image makes it a patched one") {
  World world;
  world.recipe("z", "", kPatches);
  world.recipe("n", "needs: [z]\nimage: { contents: [n] }\n");
  const auto found = rules(world, "n");
  CHECK(found.patched);
  CHECK(found.break_glass(3) == "1.0-bg.3");
  CHECK(found.number_of("1.0-bg.12") == 12U);
  for (const char* other :
       {"1.0-bg.", "1.0-bg.x", "1.0-bg.01", "1.0-bg.-1", "11.0-bg.1", "1.0", ""})
    CHECK(!found.number_of(other));
}

TEST_CASE("tag_rules: the pattern is the workspace's, and fits a tag") {
  World world;
  world.recipe("n", "image: { contents: [n] }\n", kPatches);
  world.workspace_.config.break_glass_tag = "hot{n}_of_{version}";
  world.workspace_.forks.at("n").version = "1.2~rc1+dfsg";
  CHECK(rules(world, "n").break_glass(1) == "hot1_of_1.2_rc1_dfsg");
  CHECK(rules(world, "n").tags.at(0).text == "1.2_rc1_dfsg");
  world.workspace_.config.break_glass_tag = "{version}-bg.{n}";
  world.workspace_.forks.at("n").version = "";
  const auto found = rules(world, "n");
  CHECK(found.break_glass(1) == "bg.1");
  CHECK(found.tags.at(0).text == "latest");
}

TEST_CASE("says_version: the whole version, wherever it stands") {
  for (const char* tag : {"1.22.1", "v1.22.1", "1.22.1-bg.2", "prod-1.22.1", "1.22.1."})
    CHECK(says_version(tag, "1.22.1"));
  for (const char* tag : {"1.22", "1.22.10", "11.22.1", "1.22.1.5", "0.1.22.1", "latest", ""})
    CHECK(!says_version(tag, "1.22.1"));
  CHECK(!says_version("1.22.1", ""));
  CHECK(says_version("1.2_rc1_dfsg-bg.1", "1.2~rc1+dfsg"));
}

}  // namespace
}  // namespace cullet::plan
