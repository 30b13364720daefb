// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/carried.hpp"

#include <map>
#include <set>

#include "cullet/base/text.hpp"

namespace cullet::plan {

namespace {

/// "2026-12-20": how fork files write a day.
std::string day(std::int64_t seconds) {
  return rfc3339(seconds).substr(0, std::string_view("YYYY-MM-DD").size());
}

}  // namespace

std::vector<const workspace::Fork*> patched_forks(const workspace::Workspace& workspace,
                                                  const workspace::Recipe& recipe) {
  std::vector<std::string> todo;
  if (recipe.image)
    for (const auto& content : recipe.image->contents)
      if (const auto* ref = std::get_if<workspace::OutputRef>(&content))
        todo.push_back(ref->recipe);
  std::set<std::string> seen;
  std::map<std::string, const workspace::Fork*> forks;
  while (!todo.empty()) {
    const auto name = std::move(todo.back());
    todo.pop_back();
    const auto found = workspace.recipes.find(name);
    if (found == workspace.recipes.end() || !seen.insert(name).second)
      continue;
    if (const auto fork = workspace.forks.find(found->second.fork);
        fork != workspace.forks.end() && !fork->second.patches.empty())
      forks[fork->first] = &fork->second;
    for (const auto& need : found->second.needs)
      todo.push_back(need.recipe);
  }
  std::vector<const workspace::Fork*> out;
  for (const auto& [name, fork] : forks)
    out.push_back(fork);
  return out;
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
