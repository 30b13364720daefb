// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fields.hpp"
#include "parts.hpp"
#include "scalars.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

constexpr auto kOptional = Presence::optional;
constexpr auto kRequired = Presence::required;

constexpr Field<Step> kStep[] = {
    {"run", kRequired, [](const Node& n, Step& s) { s.run = read_prose(n); }},
    {"timeout", kOptional, [](const Node& n, Step& s) { s.timeout_seconds = read_duration(n); }},
};

constexpr Field<StepLimits> kLimits[] = {
    {"timeout",
     kOptional,
     [](const Node& n, StepLimits& l) { l.timeout_seconds = read_duration(n); }},
    {"output", kOptional, [](const Node& n, StepLimits& l) { l.output_bytes = read_size(n); }},
    {"processes",
     kOptional,
     [](const Node& n, StepLimits& l) { l.processes = read_number(n, 1, 4'194'304); }},
    {"memory", kOptional, [](const Node& n, StepLimits& l) { l.memory_bytes = read_size(n); }},
};

std::vector<OutputRef> read_needs(const Node& node) {
  auto needs = read_list(node, read_output_ref);
  read_set(node, [](const Node& item) { return item.scalar; });
  return needs;
}

/// What cullet itself sets for every step: a recipe that changed it would not get what it wrote.
std::string read_step_variable(const Node& node) {
  auto name = read_environment_name(node);
  const std::vector<std::string> ours{"OUT", "JOBS", "SOURCE_DATE_EPOCH"};
  if (std::find(ours.begin(), ours.end(), name) != ours.end())
    throw error_at(node.at(), cat("'", name, "' is set by cullet"));
  return name;
}

constexpr Field<Recipe> kRecipe[] = {
    {"fork",
     kOptional,
     [](const Node& n, Recipe& r) {
       r.fork = read_name(n);
       r.fork_at = n.at();
     }},
    {"environment",
     kOptional,
     [](const Node& n, Recipe& r) {
       r.environment = read_name(n);
       r.environment_at = n.at();
     }},
    {"needs", kOptional, [](const Node& n, Recipe& r) { r.needs = read_needs(n); }},
    {"env",
     kOptional,
     [](const Node& n, Recipe& r) { read_map(n, r.env, read_step_variable, read_text); }},
    {"steps",
     kOptional,
     [](const Node& n, Recipe& r) {
       r.steps = read_steps(n);
       if (r.steps.empty())
         throw error_at(n.at(), "'steps' must not be empty");
     }},
    {"check", kOptional, [](const Node& n, Recipe& r) { r.check = read_steps(n); }},
    {"limits",
     kOptional,
     [](const Node& n, Recipe& r) { read_fields(n, "'limits'", kLimits, r.limits); }},
    {"outputs",
     kOptional,
     [](const Node& n, Recipe& r) {
       read_map(n, r.outputs, read_name, [](const Node& globs) {
         return read_filled_set(globs, read_glob);
       });
     }},
    {"modes", kOptional, [](const Node& n, Recipe& r) { r.modes = read_modes(n); }},
    {"image", kOptional, [](const Node& n, Recipe& r) { r.image = read_image_spec(n); }},
};

/// A recipe builds a component from a fork, or only assembles an image.
void check_shape(const Node& document, const Recipe& recipe) {
  if (!recipe.fork.empty()) {
    for (const auto* key : {"environment", "steps"})
      if (find(document, key) == nullptr)
        throw error_at(recipe.at, cat("a recipe with 'fork' needs '", key, "'"));
    return;
  }
  if (!recipe.image)
    throw error_at(recipe.at, "a recipe needs 'fork', 'image' or both");
  for (const auto* key : {"needs", "steps", "check", "outputs", "modes"})
    if (const auto* value = find(document, key))
      throw error_at(value->at(), cat("'", key, "' needs 'fork': without one nothing is built"));
  if (recipe.environment.empty())
    for (const auto& content : recipe.image->contents)
      if (const auto* set = std::get_if<PackageSet>(&content))
        throw error_at(set->at, "packages in an image need 'environment' in the recipe")
            .hint("the packages come from the environment's suite");
}

void check_self_reference(const Recipe& recipe) {
  for (const auto& need : recipe.needs)
    if (need.recipe == recipe.name)
      throw error_at(need.at, cat("'", recipe.name, "' can't need itself"));
}

}  // namespace

std::string Position::str() const {
  return cat(file, ":", line, ":", column);
}

std::vector<Step> read_steps(const Node& node) {
  return read_list(node, [](const Node& item) {
    Step step;
    step.at = item.at();
    read_fields(item, "a step", kStep, step);
    return step;
  });
}

std::map<std::string, std::string> read_environment_variables(const Node& node) {
  std::map<std::string, std::string> variables;
  read_map(node, variables, read_environment_name, read_text);
  return variables;
}

std::map<std::string, std::uint32_t> read_modes(const Node& node) {
  std::map<std::string, std::uint32_t> modes;
  read_map(node, modes, read_inner_path, read_mode);
  return modes;
}

Recipe parse_recipe(std::string_view text, const std::string& file, const std::string& name) {
  const auto document = parse_document(text, file);
  Recipe recipe;
  recipe.name = name;
  recipe.at = document.at();
  read_fields(document, "a recipe", kRecipe, recipe);
  check_shape(document, recipe);
  check_self_reference(recipe);
  if (recipe.image && recipe.image->tags.empty())
    recipe.image->tags = {recipe.fork.empty() ? "latest" : "{version}"};
  return recipe;
}

}  // namespace cullet::workspace
