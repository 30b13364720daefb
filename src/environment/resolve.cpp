// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/environment/lock.hpp"

#include "apt.hpp"
#include "locked_package.hpp"

namespace cullet::environment {
namespace {

/// One set to resolve, and where each of its names was written.
struct Request {
  std::string name;
  Lock::Set set;  ///< without packages
  std::map<std::string, workspace::Position> positions;
  workspace::Position at;
};

Request make_request(std::string name,
                     const std::string& suite,
                     const std::vector<std::string>& packages,
                     const std::vector<workspace::Position>& positions,
                     bool dependencies,
                     const workspace::Position& at) {
  Request request{std::move(name), {suite, packages, dependencies, {}}, {}, at};
  auto& requested = request.set.requested;
  for (std::size_t i = 0; i < packages.size(); ++i)
    request.positions.emplace(packages[i], i < positions.size() ? positions[i] : at);
  std::sort(requested.begin(), requested.end());
  requested.erase(std::unique(requested.begin(), requested.end()), requested.end());
  return request;
}

/// Every set that the workspace needs, by name.
std::map<std::string, Request> requests_of(const workspace::Workspace& workspace) {
  std::map<std::string, Request> requests;
  const auto add = [&](Request request) { requests.emplace(request.name, std::move(request)); };
  for (const auto& [name, environment] : workspace.config.environments)
    add(make_request(environment_set_name(name),
                     environment.suite,
                     environment.packages,
                     environment.packages_at,
                     true,
                     environment.at));
  for (const auto& [name, recipe] : workspace.recipes) {
    if (!recipe.image)
      continue;
    for (const auto& content : recipe.image->contents)
      if (const auto* set = std::get_if<workspace::PackageSet>(&content)) {
        const auto environment = workspace.config.environments.find(recipe.environment);
        if (environment == workspace.config.environments.end())
          throw Error(
              Kind::input,
              cat(set->at.str(), ": packages in an image need 'environment' in the recipe"));
        const auto& suite = environment->second.suite;
        add(make_request(set_name(suite, *set),
                         suite,
                         set->packages,
                         set->packages_at,
                         set->dependencies,
                         set->at));
      }
  }
  return requests;
}

bool is_unchanged(const Request& request, const Lock* keep) {
  if (keep == nullptr)
    return false;
  const auto found = keep->sets.find(request.name);
  return found != keep->sets.end() && found->second.suite == request.set.suite &&
         found->second.requested == request.set.requested &&
         found->second.dependencies == request.set.dependencies;
}

void check_names(const Apt& apt, const std::vector<std::string>& known, const Request& request) {
  for (const auto& name : request.set.requested) {
    if (std::binary_search(known.begin(), known.end(), name))
      continue;
    const auto at = request.positions.at(name).str();
    if (const auto providers = apt.providers(name); !providers.empty())
      throw Error(Kind::input, cat(at, ": '", name, "' is a virtual package"))
          .hint(cat("name one that provides it: ", join(providers, ", ")));
    Error error(Kind::input,
                cat(at, ": there is no package '", name, "' in '", request.set.suite, "'"));
    if (const auto near = nearest(name, known))
      error.hint(cat("did you mean '", *near, "'?"));
    throw error;
  }
}

void resolve_request(const Apt& apt,
                     const std::vector<std::string>& known,
                     const Request& request,
                     Lock& lock) {
  check_names(apt, known, request);
  const auto names =
      request.set.dependencies ? apt.install(request.set.requested) : request.set.requested;
  auto set = request.set;
  std::vector<std::string> got;
  for (const auto& package : apt.records(names)) {
    const auto key = package_key(package);
    const auto [entry, added] = lock.packages.emplace(key, package);
    if (!added && entry->second.sha256 != package.sha256)
      throw Error(Kind::refused, cat("there are two different packages '", key, "'"))
          .detail(cat(entry->second.path, " is ", entry->second.sha256))
          .detail(cat(package.path, " is ", package.sha256))
          .hint("`cullet lock --update` resolves every set anew");
    set.packages.push_back(key);
    got.push_back(package.name);
  }
  for (const auto& name : request.set.requested)
    if (std::find(got.begin(), got.end(), name) == got.end())
      throw Error(Kind::machine, cat("apt has no record of '", name, "', which it listed"));
  std::sort(set.packages.begin(), set.packages.end());
  lock.sets.emplace(request.name, std::move(set));
}

}  // namespace

Lock resolve(const workspace::Workspace& workspace,
             const Lock* keep,
             const AptOptions& options,
             const Cancel& cancel) {
  Lock lock;
  std::map<std::string, std::vector<Request>> wanted;  // by suite
  for (auto& [name, request] : requests_of(workspace)) {
    if (!is_unchanged(request, keep)) {
      wanted[request.set.suite].push_back(request);
      continue;
    }
    const auto& kept = keep->sets.at(name);
    for (const auto& key : kept.packages)
      lock.packages.emplace(key, keep->packages.at(key));
    lock.sets.emplace(name, kept);
  }
  for (const auto& entry : wanted) {
    // Names of their own: clang 14 can't capture structured bindings.
    const auto& suite = entry.first;
    const auto& requests = entry.second;
    if (options.offline)
      throw Error(Kind::machine, cat("cannot resolve '", requests.front().name, "' with --offline"))
          .hint("run `cullet lock` with a network, or take the request back");
    with_context(cat("resolving packages of ", suite), [&] {
      Apt apt(options.work / suite, suite, options, cancel);
      apt.update();
      const auto known = apt.names();
      for (const auto& request : requests)
        with_context([&] { return cat("resolving ", request.name, " (", request.at.str(), ")"); },
                     [&] { resolve_request(apt, known, request, lock); });
    });
  }
  return lock;
}

}  // namespace cullet::environment
