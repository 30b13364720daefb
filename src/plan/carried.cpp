// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/carried.hpp"

#include "cullet/base/text.hpp"

namespace cullet::plan {

namespace {

/// "2026-12-20": how fork files write a day.
std::string day(std::int64_t seconds) {
  return rfc3339(seconds).substr(0, std::string_view("YYYY-MM-DD").size());
}

}  // namespace

const std::set<std::string>& PatchedForks::of_component(const std::string& name) {
  // Recipes that need each other, which make() reports, end here too.
  const auto [known, added] = components_.try_emplace(name);
  const auto recipe = workspace_.recipes.find(name);
  if (!added || recipe == workspace_.recipes.end())
    return known->second;
  auto& forks = known->second;
  const auto fork = workspace_.forks.find(recipe->second.fork);
  if (fork != workspace_.forks.end() && !fork->second.patches.empty())
    forks.insert(fork->first);
  for (const auto& need : recipe->second.needs) {
    const auto& below = of_component(need.recipe);
    forks.insert(below.begin(), below.end());
  }
  return forks;
}

std::set<std::string> PatchedForks::of_image(const workspace::Recipe& recipe) {
  std::set<std::string> forks;
  if (!recipe.image)
    return forks;
  for (const auto& content : recipe.image->contents)
    if (const auto* ref = std::get_if<workspace::OutputRef>(&content)) {
      const auto& below = of_component(ref->recipe);
      forks.insert(below.begin(), below.end());
    }
  return forks;
}

Json describe_patches(const workspace::Fork& fork) {
  Json list = Json::array();
  for (const auto& patch : fork.patches) {
    Json entry{{"fork", fork.name},
               {"version", fork.version},
               {"patch", patch.name()},
               {"fixes", patch.fixes},
               {"reason", patch.reason},
               {"added", patch.added}};
    if (!patch.by.empty())
      entry["by"] = patch.by;
    if (!patch.picked.empty())
      entry["picked"] = patch.picked;
    if (patch.expires)
      entry["expires"] = day(*patch.expires);
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace cullet::plan
