// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/affected.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::plan {

namespace {

using Path = std::vector<std::string>;

Path operator+(Path path, std::string step) {
  path.push_back(std::move(step));
  return path;
}

bool is_about(const environment::LockedPackage& package, const std::string& name) {
  return package.name == name || package.source == name;
}

/// All names of a few, the first of many and how many more there are.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kFew = 3;
  if (names.size() <= kFew)
    return join(names, ", ");
  return cat(names.front(), " and ", names.size() - 1, " others");
}

/// Follows what a name reaches through the recipes of a workspace.
class Search {
 public:
  Search(const workspace::Workspace& workspace, const environment::Lock& lock)
      : workspace_(workspace), lock_(lock) {}

  /// False when the name is none of these.
  bool fork(const std::string& name) {
    if (workspace_.forks.count(name) == 0)
      return false;
    start(name, {cat("fork ", name)});
    return true;
  }

  bool advisory(const std::string& name) {
    bool found = false;
    for (const auto& [fork_name, fork] : workspace_.forks)
      for (const auto& patch : fork.patches)
        if (std::find(patch.fixes.begin(), patch.fixes.end(), name) != patch.fixes.end()) {
          start(fork_name, {cat("patch ", patch.name()), cat("fork ", fork_name)});
          found = true;
        }
    return found;
  }

  bool package(const std::string& name) {
    const bool known = std::any_of(lock_.packages.begin(),
                                   lock_.packages.end(),
                                   [&](const auto& entry) { return is_about(entry.second, name); });
    if (!known)
      return false;
    package_ = name;
    for (const auto& [recipe_name, recipe] : workspace_.recipes) {
      const auto found = workspace_.config.environments.find(recipe.environment);
      if (recipe.fork.empty() || found == workspace_.config.environments.end())
        continue;
      const auto path =
          in_set(environment::environment_set_name(recipe.environment), found->second.packages);
      if (path)
        direct_[recipe_name] =
            *path + cat("environment ", recipe.environment) + cat("component ", recipe_name);
    }
    return true;
  }

  void finish(Affected& into) {
    for (const auto& [name, recipe] : workspace_.recipes)
      visit(recipe);
    for (const auto* recipe : order_)
      if (const auto found = components_.find(recipe->name); found != components_.end())
        into.components.push_back({recipe, found->second});
    for (const auto* recipe : order_)
      if (auto path = to_image(*recipe))
        into.images.push_back({recipe, std::move(*path)});
  }

 private:
  void start(const std::string& fork, const Path& path) {
    for (const auto& [name, recipe] : workspace_.recipes)
      if (recipe.fork == fork)
        direct_.emplace(name, path + cat("component ", name));
  }

  /// How the package is in a set of the lock: asked for, or with what was.
  std::optional<Path> in_set(const std::string& set, const std::vector<std::string>& requested) {
    const auto found = lock_.sets.find(set);
    if (found == lock_.sets.end())
      return std::nullopt;
    for (const auto& key : found->second.packages) {
      const auto& package = lock_.packages.at(key);
      if (!is_about(package, package_))
        continue;
      Path path{cat("package ", package.name, " ", package.version)};
      if (std::find(requested.begin(), requested.end(), package.name) == requested.end())
        path.push_back(cat("which comes with ", some_of(requested)));
      return path;
    }
    return std::nullopt;
  }

  /// Components in the order they are built. A cycle, which plan::make() reports, ends here too.
  void visit(const workspace::Recipe& recipe) {
    if (!visited_.insert(recipe.name).second)
      return;
    std::optional<Path> shortest;
    if (const auto found = direct_.find(recipe.name); found != direct_.end())
      shortest = found->second;
    for (const auto& need : recipe.needs) {
      const auto other = workspace_.recipes.find(need.recipe);
      if (other == workspace_.recipes.end())
        continue;
      visit(other->second);
      const auto path = components_.find(need.recipe);
      if (path != components_.end() && (!shortest || path->second.size() + 1 < shortest->size()))
        shortest = path->second + cat("component ", recipe.name, ", which needs ", need.str());
    }
    if (shortest)
      components_[recipe.name] = std::move(*shortest);
    if (recipe.image)
      for (const auto& content : recipe.image->contents)
        if (const auto* ref = std::get_if<workspace::OutputRef>(&content))
          if (const auto other = workspace_.recipes.find(ref->recipe);
              other != workspace_.recipes.end())
            visit(other->second);
    order_.push_back(&recipe);
  }

  std::optional<Path> to_image(const workspace::Recipe& recipe) {
    std::optional<Path> shortest;
    if (!recipe.image)
      return shortest;
    const auto offer = [&](Path path) {
      if (!shortest || path.size() < shortest->size())
        shortest = std::move(path);
    };
    for (const auto& content : recipe.image->contents) {
      if (const auto* ref = std::get_if<workspace::OutputRef>(&content)) {
        if (const auto found = components_.find(ref->recipe); found != components_.end())
          offer(found->second + cat("image ", recipe.name, ", which holds ", ref->str()));
      } else if (!package_.empty()) {
        const auto& set = std::get<workspace::PackageSet>(content);
        const auto environment = workspace_.config.environments.find(recipe.environment);
        if (environment == workspace_.config.environments.end())
          continue;
        if (auto path = in_set(environment::set_name(environment->second.suite, set), set.packages))
          offer(std::move(*path) + cat("image ", recipe.name));
      }
    }
    return shortest;
  }

  const workspace::Workspace& workspace_;
  const environment::Lock& lock_;
  std::string package_;
  std::map<std::string, Path> direct_, components_;
  std::set<std::string> visited_;
  std::vector<const workspace::Recipe*> order_;
};

Error unknown(const workspace::Workspace& workspace,
              const environment::Lock& lock,
              const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [fork_name, fork] : workspace.forks) {
    known.push_back(fork_name);
    for (const auto& patch : fork.patches)
      known.insert(known.end(), patch.fixes.begin(), patch.fixes.end());
  }
  for (const auto& [key, package] : lock.packages)
    known.push_back(package.name);
  Error error(Kind::input,
              cat("nothing here is called '",
                  printable(name),
                  "': no fork, no advisory that a patch fixes, no package of cullet.lock"));
  if (const auto near = nearest(name, known))
    error.hint(cat("did you mean '", *near, "'?"));
  else
    error.hint("an advisory is known once a patch of a fork names it in `fixes:`");
  return error;
}

}  // namespace

std::string_view name(Affected::What what) {
  switch (what) {
    case Affected::What::fork:
      return "fork";
    case Affected::What::advisory:
      return "advisory";
    case Affected::What::package:
      return "package";
  }
  return "";
}

bool Affected::reaches(std::string_view content) const {
  const auto recipe = content.substr(0, content.find(':'));
  return std::any_of(components.begin(), components.end(), [&](const Entry& entry) {
    return entry.recipe->name == recipe;
  });
}

bool Affected::reaches(const Plan& plan, std::size_t index) const {
  const auto& node = plan.nodes[index];
  if (node.kind == ActionKind::component)
    return reaches(node.subject);
  if (node.kind == ActionKind::output)
    return reaches(plan, node.dependencies.at(0).node);
  return node.kind == ActionKind::packages && what == What::package &&
         std::any_of(node.packages.begin(), node.packages.end(), [&](const auto& package) {
           return is_about(package, name);
         });
}

Affected affected(const workspace::Workspace& workspace,
                  const environment::Lock& lock,
                  const std::string& asked) {
  static constexpr std::pair<Affected::What, bool (Search::*)(const std::string&)> kTries[] = {
      {Affected::What::fork, &Search::fork},
      {Affected::What::advisory, &Search::advisory},
      {Affected::What::package, &Search::package}};
  Search search(workspace, lock);
  for (const auto& [what, find] : kTries) {
    const auto prefix = cat(name(what), ":");
    const bool said = asked.rfind(prefix, 0) == 0;
    if (!said && asked.find(':') != std::string::npos)
      continue;
    Affected out;
    out.what = what;
    out.name = said ? asked.substr(prefix.size()) : asked;
    if (!(search.*find)(out.name))
      continue;
    search.finish(out);
    return out;
  }
  throw unknown(workspace, lock, asked);
}

}  // namespace cullet::plan
