// SPDX-License-Identifier: Apache-2.0
#include "graph.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/environment/rootfs.hpp"
#include "cullet/plan/tags.hpp"
#include "cullet/workspace/patch_digest.hpp"

namespace cullet::plan {

namespace {

/// Versions of what an action does with its inputs: raised whenever the same inputs would give
/// another result, so that no store answers with what an older cullet made.
constexpr int kSourceVersion = 2;
constexpr int kComponentVersion = 1;
constexpr int kOutputVersion = 1;

/// A patch file that was changed is found here, before anything is built or said to be.
Json patch_inputs(const workspace::Fork& fork,
                  const workspace::Patch& patch,
                  const std::function<Sha256(const std::string&)>& patch_digest) {
  Json origin;
  if (const auto* file = std::get_if<workspace::Patch::File>(&patch.from)) {
    const auto digest = patch_digest(file->path);
    with_context([&] { return cat("reading patch ", patch.name(), " of fork '", fork.name, "'"); },
                 [&] { workspace::demand_named_digest(patch, digest); });
    origin = digest.str();
  } else if (const auto* commit = std::get_if<workspace::Patch::Commit>(&patch.from)) {
    origin = {{"commit", commit->id}};
  } else {
    const auto& member = std::get<workspace::Patch::Member>(patch.from);
    origin = {{"archive", member.archive.sha256.str()}, {"path", member.path}};
  }
  auto inputs = Json::array({std::move(origin), patch.strip});
  // A digest that the text no longer has must not be answered with what an older text made.
  if (patch.sha256)
    inputs.push_back(patch.sha256->str());
  return inputs;
}

/// Where the content comes from, though the pin says what it is: what is said of an image's sources
/// was then looked for there, in a store that knows the pin as well.
Json origin_inputs(const workspace::Fork& fork) {
  return Json::array(
      {fork.url, fork.import ? Json(fork.import->sha256.str()) : Json(), fork.upstream});
}

Json step_inputs(const std::vector<workspace::Step>& steps) {
  Json scripts = Json::array();
  for (const auto& step : steps)
    scripts.push_back(step.run);
  return scripts;
}

Json package_inputs(const std::vector<environment::LockedPackage>& packages) {
  Json digests = Json::object();
  for (const auto& package : packages)
    // All that is said of them, and held against each .deb.
    digests[cat(package.name, " ", package.version, " ", package.architecture)] =
        cat(package.sha256, " ", package.size, " ", package.source, " ", package.source_version);
  return digests;
}

}  // namespace

std::string_view name(ActionKind kind) {
  switch (kind) {
    case ActionKind::source:
      return "source";
    case ActionKind::environment:
      return "environment";
    case ActionKind::packages:
      return "packages";
    case ActionKind::files:
      return "files";
    case ActionKind::component:
      return "component";
    case ActionKind::output:
      return "output";
    case ActionKind::layer:
      return "layer";
    case ActionKind::image:
      return "image";
    case ActionKind::test:
      return "test";
  }
  return "action";
}

std::string Node::title() const {
  return cat(name(kind), " ", subject);
}

std::size_t GraphBuilder::add(Node node) {
  const auto [at, added] = by_title_.emplace(node.title(), plan_.nodes.size());
  if (added)
    plan_.nodes.push_back(std::move(node));
  return at->second;
}

std::size_t GraphBuilder::source(const workspace::Fork& fork) {
  Node node;
  node.kind = ActionKind::source;
  node.subject = fork.name;
  if (const auto known = by_title_.find(node.title()); known != by_title_.end())
    return known->second;
  node.fork = &fork;
  if (const auto edited = edits_.find(fork.name); edited != edits_.end()) {
    node.fixed = {{"version", kSourceVersion},
                  {"pin", fork.commit},
                  {"origin", origin_inputs(fork)},
                  {"edits", edited->second.str()}};
    return add(std::move(node));
  }
  // Members one by one, here and below: a braced list copies every value, and there are thousands.
  node.fixed["version"] = kSourceVersion;
  node.fixed["pin"] = fork.commit;
  node.fixed["origin"] = origin_inputs(fork);
  auto& patches = node.fixed["patches"] = Json::array();
  const auto patch_digest = [&](const std::string& path) {
    return plan_.patches["forks/" + path] = patch_digest_(path);
  };
  for (const auto& patch : fork.patches)
    patches.push_back(patch_inputs(fork, patch, patch_digest));
  return add(std::move(node));
}

std::size_t GraphBuilder::environment(const workspace::Environment& environment) {
  Node node;
  node.kind = ActionKind::environment;
  node.subject = environment.name;
  if (const auto known = by_title_.find(node.title()); known != by_title_.end())
    return known->second;
  node.environment = &environment;
  node.packages = lock_.resolve(
      environment::environment_set_name(environment.name), environment.packages, environment.suite);
  node.fixed = {{"version", environment::kRootfsVersion},
                {"packages", package_inputs(node.packages)},
                {"links", environment.links}};
  return add(std::move(node));
}

std::size_t GraphBuilder::packages(const workspace::Recipe& recipe,
                                   const workspace::PackageSet& set) {
  const auto& suite = workspace_.config.environments.at(recipe.environment).suite;
  Node node;
  node.kind = ActionKind::packages;
  node.subject = environment::set_name(suite, set).substr(std::string_view("packages ").size());
  if (by_title_.count(node.title()) == 0) {
    node.packages = lock_.resolve(environment::set_name(suite, set), set.packages, suite);
    node.fixed = {{"version", environment::kRootfsVersion},
                  {"packages", package_inputs(node.packages)}};
  }
  const auto subject = node.subject;
  const auto whole = add(std::move(node));
  if (set.exclude.empty())
    return whole;
  Node part;
  part.kind = ActionKind::output;
  // Sets that leave out other things are other parts.
  const auto which = canonical_digest(set.exclude).hex().substr(0, 8);
  part.subject = cat(subject, " part ", which);
  part.recipe = &recipe;
  part.fixed = {{"version", kOutputVersion}, {"exclude", set.exclude}};
  part.dependencies = {{"whole", whole, "tree"}};
  return add(std::move(part));
}

std::size_t GraphBuilder::component(const workspace::Recipe& recipe) {
  Node node;
  node.kind = ActionKind::component;
  node.subject = recipe.name;
  if (const auto known = by_title_.find(node.title()); known != by_title_.end())
    return known->second;

  if (const auto again = std::find(path_.begin(), path_.end(), &recipe); again != path_.end()) {
    std::vector<std::string> names;
    for (auto at = again; at != path_.end(); ++at)
      names.push_back((*at)->name);
    names.push_back(recipe.name);
    throw Error(Kind::input, cat(recipe.at.file, ": recipes need each other: ", join(names, " → ")))
        .hint("remove one of these `needs:`");
  }
  path_.push_back(&recipe);
  node.recipe = &recipe;
  node.fork = &workspace_.forks.at(recipe.fork);
  node.environment = &workspace_.config.environments.at(recipe.environment);
  node.fixed["version"] = kComponentVersion;
  node.fixed["steps"] = step_inputs(recipe.steps);
  node.fixed["check"] = step_inputs(recipe.check);
  auto& env = node.fixed["env"] = Json::object();
  for (const auto& [name, value] : recipe.env)
    env[name] = with_version(value, node.fork->version);
  node.fixed["modes"] = recipe.modes;
  const auto source_node = source(*node.fork);
  node.dependencies = {{"environment", environment(*node.environment), "tree"},
                       {"source", source_node, "tree"},
                       {"epoch", source_node, "epoch"}};
  for (const auto& need : recipe.needs)
    node.dependencies.push_back({"needs " + need.str(), output(need), "tree"});
  path_.pop_back();
  return add(std::move(node));
}

const workspace::Recipe& GraphBuilder::find(const workspace::OutputRef& ref) const {
  const auto found = workspace_.recipes.find(ref.recipe);
  if (found == workspace_.recipes.end())
    throw Error(Kind::input, cat(ref.at.str(), ": there is no recipe '", ref.recipe, "'"));
  return found->second;
}

std::size_t GraphBuilder::output(const workspace::OutputRef& ref) {
  const auto& recipe = find(ref);
  const auto whole = component(recipe);
  if (ref.output.empty())
    return whole;
  Node node;
  node.kind = ActionKind::output;
  node.subject = ref.str();
  if (const auto known = by_title_.find(node.title()); known != by_title_.end())
    return known->second;
  node.recipe = &recipe;
  node.fixed["version"] = kOutputVersion;
  node.fixed["only"] = recipe.outputs.at(ref.output);
  node.dependencies = {{"whole", whole, "tree"}};
  return add(std::move(node));
}

void GraphBuilder::add_target(const workspace::Recipe& recipe) {
  Plan::Target target{&recipe, {}, {}, {}};
  if (!recipe.fork.empty())
    target.component = component(recipe);
  if (recipe.image) {
    const auto contents = layer_order(recipe);
    target.image = image(recipe, contents);
    if (!recipe.image->test.empty())
      target.test = test(recipe, contents);
  }
  plan_.targets.push_back(target);
}

Plan make(const workspace::Workspace& workspace,
          const environment::Lock& lock,
          const std::vector<std::string>& recipes,
          const std::function<Sha256(const std::string&)>& patch_digest,
          const Edits& edits) {
  GraphBuilder builder(workspace, lock, patch_digest, edits);
  if (recipes.empty())
    for (const auto& [name, recipe] : workspace.recipes)
      builder.add_target(recipe);
  for (const auto& name : recipes) {
    const auto found = workspace.recipes.find(name);
    if (found == workspace.recipes.end()) {
      std::vector<std::string> known;
      for (const auto& [known_name, recipe] : workspace.recipes)
        known.push_back(known_name);
      Error error(Kind::input, cat("there is no recipe '", name, "' in recipes/"));
      if (const auto near = nearest(name, known))
        error.hint(cat("did you mean '", *near, "'?"));
      throw std::move(error);
    }
    builder.add_target(found->second);
  }
  return std::move(builder).finish();
}

}  // namespace cullet::plan
