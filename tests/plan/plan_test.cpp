// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/plan.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "world.hpp"

namespace cullet::plan {
namespace {

std::vector<std::string> titles(const Plan& plan) {
  std::vector<std::string> out;
  for (const auto& node : plan.nodes)
    out.push_back(node.title());
  return out;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

TEST_CASE("plan: dependencies come before what needs them, each once", "[plan]") {
  World world;
  world.recipe("z", "outputs: { lib: ['usr/lib/**'] }\n");
  world.recipe("a", "needs: [z, 'z:lib']\n");
  const auto plan = world.plan({"a", "z"});
  CHECK(titles(plan) ==
        std::vector<std::string>{
            "source a", "environment c", "source z", "component z", "output z:lib", "component a"});
  for (std::size_t index = 0; index < plan.nodes.size(); ++index)
    for (const auto& dependency : plan.nodes[index].dependencies)
      CHECK(dependency.node < index);
  CHECK(plan.targets.size() == 2);
}

TEST_CASE("plan: a cycle is named", "[plan]") {
  World world;
  world.recipe("a", "needs: [b]\n");
  world.recipe("b", "needs: [c]\n");
  world.recipe("c", "needs: [b]\n");
  try {
    world.plan({"a"});
    FAIL("planned");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() == "recipes/b.yaml: recipes need each other: b → c → b");
  }
}

TEST_CASE("plan: an unknown recipe suggests the nearest", "[plan]") {
  World world;
  world.recipe("nginx", "");
  try {
    world.plan({"ngins"});
    FAIL("planned");
  } catch (const Error& error) {
    CHECK(error.message() == "there is no recipe 'ngins' in recipes/");
    CHECK(error.hints() == std::vector<std::string>{"did you mean 'nginx'?"});
  }
}

TEST_CASE("plan: what ran is cached the next time, and says why before", "[plan]") {
  World world;
  world.recipe("a", "");
  auto first = world.plan({"a"});
  examine(first, world.knowledge());
  CHECK(first.nodes[0].state == State::run);
  CHECK(first.nodes[0].why == "not built here before");
  CHECK(first.nodes[2].state == State::depends);
  CHECK(world.run(first).size() == 3);
  auto second = world.plan({"a"});
  examine(second, world.knowledge());
  for (const auto& node : second.nodes)
    CHECK(node.state == State::cached);
  CHECK(world.run(second).empty());
}

TEST_CASE("plan: a changed input reruns what reads it and names it", "[plan]") {
  World world;
  world.recipe("z", "");
  world.recipe("a", "needs: [z]\n");
  auto first = world.plan({"a"});
  world.run(first);
  world.recipe("z", "env: { CFLAGS: -O3 }\n");
  auto second = world.plan({"a"});
  examine(second, world.knowledge());
  const auto& z = *std::find_if(second.nodes.begin(), second.nodes.end(), [](const Node& node) {
    return node.title() == "component z";
  });
  CHECK(z.state == State::run);
  CHECK(z.why == "changed: env");
  CHECK(world.run(second) == std::vector<std::string>{"component z", "component a"});
}

TEST_CASE("plan: a variable with {version} is the pin's", "[plan]") {
  World world;
  world.recipe("z",
               "env: { V: 'v{version}', TWICE: '{version} {version}', OTHER: '{versions}' }\n");
  const auto plan = world.plan({"z"});
  CHECK(plan.nodes.back().fixed.at("env") ==
        Json{{"V", "v1.0"}, {"TWICE", "1.0 1.0"}, {"OTHER", "{versions}"}});
}

TEST_CASE("plan: a component that comes out equal stops the rebuild there", "[plan]") {
  World world;
  world.fixed_results["component z"] = "always the same";
  world.recipe("z", "");
  world.recipe("a", "needs: [z]\n");
  auto first = world.plan({"a"});
  world.run(first);
  world.recipe("z", "env: { CFLAGS: -O3 }\n");
  auto second = world.plan({"a"});
  CHECK(world.run(second) == std::vector<std::string>{"component z"});
}

TEST_CASE("plan: a patch reruns its fork's source", "[plan]") {
  World world;
  const auto patches = "patches: [{ file: x.patch, reason: r, added: 2024-01-01 }]\n";
  world.recipe("a", "", patches);
  auto first = world.plan({"a"});
  world.run(first);
  world.patch_ = sha256(std::string_view("another"));
  auto second = world.plan({"a"});
  CHECK(world.run(second).front() == "source a");
}

TEST_CASE("plan: another origin of the same pin reruns the source, and nothing above", "[plan]") {
  World world;
  world.recipe("a", "");
  world.fixed_results["source a"] = "what the pin holds";
  auto first = world.plan({"a"});
  world.run(first);
  const std::vector<std::string> only_source = {"source a"};
  auto& fork = world.workspace_.forks.at("a");
  fork.url = "https://example.com/y.git";
  auto moved = world.plan({"a"});
  CHECK(world.run(moved) == only_source);
  fork.url.clear();
  fork.import = workspace::Archive{};
  auto imported = world.plan({"a"});
  CHECK(world.run(imported) == only_source);
  fork.import->sha256 = sha256(std::string_view("another"));
  auto other = world.plan({"a"});
  examine(other, world.knowledge());
  CHECK(other.nodes[0].why == "changed: origin");
  CHECK(world.run(other) == only_source);
}

TEST_CASE("plan: a patch file that is not the one its fork names is refused", "[plan]") {
  World world;
  const auto named = [](const Sha256& digest) {
    return "patches: [{ file: x.patch, reason: r, sha256: '" + digest.hex() + "' }]\n";
  };
  world.recipe("a", "", named(world.patch_));
  auto first = world.plan({"a"});
  world.run(first);
  world.recipe("a", "", named(sha256(std::string_view("another"))));
  try {
    world.plan({"a"});
    FAIL("planned");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::refused);
    CHECK(error.message().find("patch x.patch is not the one that") != std::string::npos);
    CHECK(error.details().at(1) == cat("found:  ", world.patch_));
  }
}

TEST_CASE("plan: a timeout is no input", "[plan]") {
  World world;
  world.recipe("a", "");
  auto first = world.plan({"a"});
  world.run(first);
  world.recipe("a", "limits: { timeout: 5m }\n");
  auto second = world.plan({"a"});
  CHECK(world.run(second).empty());
}

TEST_CASE("plan: layers are ordered from the most stable to the least", "[plan]") {
  World world;
  world.recipe("z", "outputs: { lib: ['usr/lib/**'] }\n");
  world.recipe("p", "needs: [z]\n");
  world.recipe("n",
               "needs: [z, p]\n"
               "image:\n"
               "  contents: [n, p, 'z:lib', { packages: [libc6] }]\n"
               "  files: [{ path: /etc/x, text: y }]\n"
               "  test: [{ run: 'true', tools: tools }]\n");
  const auto plan = world.plan({"n"});
  std::vector<std::string> layers;
  for (const auto& dependency : plan.nodes[plan.targets[0].image.value()].dependencies)
    if (dependency.label.rfind("layer ", 0) == 0)
      layers.push_back(dependency.label);
  CHECK(layers ==
        std::vector<std::string>{
            "layer packages bookworm libc6", "layer z:lib", "layer p", "layer n", "layer files"});
  CHECK(contains(titles(plan), "environment tools"));
  REQUIRE(plan.targets[0].test);
}

TEST_CASE("plan: packages that the lock does not hold are an error", "[plan]") {
  World world;
  world.recipe("n", "image: { contents: [n, { packages: [libssl3] }] }\n");
  try {
    world.plan({"n"});
    FAIL("planned");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    CHECK(error.render().find("cullet lock") != std::string::npos);
  }
}

TEST_CASE("plan: a thousand recipes in a chain", "[plan]") {
  World world;
  world.recipe("r0", "");
  for (int index = 1; index < 1000; ++index)
    world.recipe(cat("r", index), cat("needs: [r", index - 1, "]\n"));
  auto plan = world.plan({"r999"});
  CHECK(plan.nodes.size() == 2001);
  CHECK(world.run(plan).size() == 1002);  // their sources are one
}

TEST_CASE("plan: several threads find what one finds", "[plan]") {
  World world;
  std::vector<std::string> half, all;
  for (int index = 0; index < 400; ++index) {
    const auto name = cat("r", index);
    world.recipe(name, "");
    world.workspace_.forks.at(name).commit = sha256(name).hex().substr(0, 40);
    all.push_back(name);
    if (index % 2 == 0)
      half.push_back(name);
  }
  auto before = world.plan(half);
  world.run(before);
  auto alone = world.plan(all);
  examine(alone, world.knowledge());
  auto together = world.plan(all);
  auto knowledge = world.knowledge();
  knowledge.threads = 4;
  examine(together, knowledge);
  REQUIRE(together.nodes.size() == 801);
  std::size_t cached = 0, differ = 0;
  for (std::size_t index = 0; index < alone.nodes.size(); ++index) {
    const auto &one = alone.nodes[index], &other = together.nodes[index];
    differ += one.state != other.state || one.key != other.key || one.why != other.why ? 1 : 0;
    cached += other.state == State::cached ? 1 : 0;
  }
  CHECK(differ == 0);
  CHECK(cached == 401);
}

TEST_CASE("plan: an image is the same whatever else was asked for, in whatever order") {
  World world;
  world.recipe("z", "outputs: { lib: ['usr/lib/**'] }\n");
  world.recipe("b", "needs: [z]\noutputs: { lib: ['usr/lib/**'] }\n");
  world.recipe(
      "n", "needs: [b, z]\nimage: { contents: [n, 'b:lib', 'z:lib', { packages: [libc6] }] }\n");
  const auto layers = [&](const std::vector<std::string>& recipes) {
    const auto plan = world.plan(recipes);
    std::vector<std::string> labels;
    for (const auto& node : plan.nodes)
      if (node.kind == ActionKind::image)
        for (const auto& dependency : node.dependencies)
          labels.push_back(dependency.label);
    return labels;
  };
  const auto alone = layers({"n"});
  REQUIRE(alone.size() > 4);
  CHECK(alone[0] == "layer packages bookworm libc6");
  CHECK(alone[1] == "layer z:lib");  // it is needed by the next
  CHECK(alone[2] == "layer b:lib");
  CHECK(alone[3] == "layer n");
  CHECK(layers({"z", "b", "n"}) == alone);
  CHECK(layers({"b", "n", "z"}) == alone);
  CHECK(layers({}) == alone);
}

TEST_CASE(
    "plan: libraries that don't need each other keep the order of the recipe that needs them") {
  World world;
  world.recipe("z", "outputs: { lib: ['usr/lib/**'] }\n");
  world.recipe("p", "outputs: { lib: ['usr/lib/**'] }\n");
  world.recipe("n", "needs: [z, p]\nimage: { contents: [n, 'p:lib', 'z:lib'] }\n");
  for (const auto& recipes :
       std::vector<std::vector<std::string>>{{"n"}, {"p", "n"}, {"p", "z", "n"}, {}}) {
    const auto plan = world.plan(recipes);
    const auto& image =
        plan.nodes[plan.targets[recipes.empty() ? 0 : recipes.size() - 1].image.value_or(0)];
    REQUIRE(image.kind == ActionKind::image);
    CHECK(image.dependencies[0].label == "layer z:lib");
    CHECK(image.dependencies[1].label == "layer p:lib");
  }
}

}  // namespace
}  // namespace cullet::plan
