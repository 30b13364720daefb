// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/image_name.hpp"
#include "cullet/base/text.hpp"
#include "cullet/workspace/read.hpp"

#include "parts.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

template <class Map>
std::vector<std::string> names(const Map& map) {
  std::vector<std::string> result;
  for (const auto& [name, value] : map)
    result.push_back(name);
  return result;
}

template <class Map>
void check_known(const Map& map,
                 const std::string& name,
                 std::string_view kind,
                 const Position& at) {
  if (map.count(name) == 0)
    throw unknown_word(at, cat("there is no ", kind, " '", name, "'"), name, names(map));
}

void check_fork(const Workspace& workspace, const Recipe& recipe) {
  const auto& name = recipe.fork;
  if (workspace.forks.count(name) == 0)
    throw unknown_word(
        recipe.fork_at, cat("there is no fork '", name, "'"), name, names(workspace.forks))
        .hint(cat("`cullet fork add ", name, " URL --commit …` adds it"));
}

void check_output(const Workspace& workspace, const OutputRef& ref) {
  check_known(workspace.recipes, ref.recipe, "recipe", ref.at);
  const auto& recipe = workspace.recipes.at(ref.recipe);
  if (recipe.fork.empty())
    throw error_at(ref.at, cat("the recipe '", ref.recipe, "' builds no component"))
        .detail("it has no 'fork', only an image");
  if (!ref.output.empty() && recipe.outputs.count(ref.output) == 0)
    throw unknown_word(ref.at,
                       cat("the recipe '", ref.recipe, "' has no output '", ref.output, "'"),
                       ref.output,
                       names(recipe.outputs));
}

constexpr std::string_view kVersion = "{version}";

void check_variables(const Workspace& workspace, const Recipe& recipe) {
  if (recipe.fork.empty() || !workspace.forks.at(recipe.fork).version.empty())
    return;
  for (const auto& [name, value] : recipe.env)
    if (value.find(kVersion) != std::string::npos)
      throw error_at(recipe.fork_at, cat("the variable ", name, " needs a version"))
          .hint("give `version` in the fork's pin");
}

void check_tags(const Workspace& workspace, const Recipe& recipe) {
  const auto version = recipe.fork.empty() ? "" : workspace.forks.at(recipe.fork).version;
  for (const auto& tag : recipe.image->tags) {
    if (tag.find(kVersion) == std::string::npos)
      continue;
    if (version.empty())
      throw error_at(recipe.image->at, cat("the image's tag '", tag, "' needs a version"))
          .hint("give `version` in the fork's pin, or other `tags` in the image");
    auto filled = tag;
    for (auto at = filled.find(kVersion); at != std::string::npos; at = filled.find(kVersion))
      filled.replace(at, kVersion.size(), version);
    if (!is_tag(filled))
      throw error_at(recipe.image->at, cat("'", filled, "' is not a tag"))
          .detail("a tag holds letters, digits, '.', '_' and '-', 128 at most")
          .hint("give other `tags` in the image");
  }
}

}  // namespace

void check_references(const Workspace& workspace) {
  for (const auto& [name, recipe] : workspace.recipes) {
    if (!recipe.fork.empty())
      check_fork(workspace, recipe);
    if (!recipe.environment.empty())
      check_known(
          workspace.config.environments, recipe.environment, "environment", recipe.environment_at);
    check_variables(workspace, recipe);
    for (const auto& need : recipe.needs)
      check_output(workspace, need);
    if (!recipe.image)
      continue;
    for (const auto& content : recipe.image->contents)
      if (const auto* ref = std::get_if<OutputRef>(&content))
        check_output(workspace, *ref);
    for (const auto& step : recipe.image->test)
      if (!step.tools.empty())
        check_known(workspace.config.environments, step.tools, "environment", step.at);
    check_tags(workspace, recipe);
  }
}

}  // namespace cullet::workspace
