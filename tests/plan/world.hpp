// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/plan/plan.hpp"

namespace cullet::plan {

inline constexpr std::string_view kConfig =
    "registry: oci:reg\n"
    "environments:\n"
    "  c: { debian: bookworm, packages: [gcc] }\n"
    "  tools: { debian: bookworm, packages: [busybox-static] }\n";

/// A workspace made of texts, its lock, and a store that is a map.
class World {
 public:
  World() {
    workspace_.root = "/ws";
    workspace_.config = workspace::parse_config(kConfig, "cullet.yaml");
    add_set(environment::environment_set_name("c"), {"gcc"});
    add_set(environment::environment_set_name("tools"), {"busybox-static"});
    add_set(environment::set_name("bookworm", packages({"libc6"})), {"libc6"});
  }

  void recipe(const std::string& name, const std::string& more, const std::string& patches = "") {
    workspace_.forks[name] = workspace::parse_fork(
        cat("upstream: https://example.com/x.git\nurl: https://example.com/x.git\n"
            "pin: { commit: ",
            std::string(40, 'a'),
            ", version: '1.0' }\n",
            patches),
        "forks/" + name + ".yaml",
        name);
    workspace_.recipes[name] = workspace::parse_recipe(
        cat("fork: ", name, "\nenvironment: c\nsteps: [{ run: make }]\n", more),
        "recipes/" + name + ".yaml",
        name);
  }

  Plan plan(const std::vector<std::string>& recipes) const {
    return make(workspace_, lock_, recipes, [this](const std::string&) { return patch_; });
  }

  /// Runs all that has no result, as a build would; gives the titles of what ran, in order.
  std::vector<std::string> run(Plan& plan) {
    std::vector<std::string> ran;
    for (std::size_t index = 0; index < plan.nodes.size(); ++index) {
      auto& node = plan.nodes[index];
      examine(plan, index, knowledge());
      latest_[node.title()] = *inputs(plan, node);
      if (node.record)
        continue;
      ran.push_back(node.title());
      node.record = results_[*node.key] = result(node);
    }
    return ran;
  }

  Knowledge knowledge() const {
    return {.find = [this](const Key& key) -> std::optional<store::ActionRecord> {
              const auto found = results_.find(key);
              return found == results_.end() ? std::nullopt : std::optional(found->second);
            },
            .latest = [this](const std::string& title) -> std::optional<Json> {
              const auto found = latest_.find(title);
              return found == latest_.end() ? std::nullopt : std::optional(found->second);
            }};
  }

  const environment::Lock& lock() const { return lock_; }

  /// What an action gives: by default a tree that its key determines.
  std::map<std::string, std::string> fixed_results;
  Sha256 patch_ = sha256(std::string_view("patch"));
  workspace::Workspace workspace_;

 private:
  static workspace::PackageSet packages(std::vector<std::string> names) {
    workspace::PackageSet set;
    set.packages = std::move(names);
    return set;
  }

  void add_set(const std::string& name, const std::vector<std::string>& packages) {
    environment::Lock::Set set;
    set.suite = "bookworm";
    set.requested = packages;
    for (const auto& package : packages) {
      const auto key = package + "=1:amd64";
      environment::LockedPackage locked;
      locked.name = package;
      locked.version = "1";
      locked.architecture = "amd64";
      locked.path = "pool/main/x/" + package + ".deb";
      locked.sha256 = BlobDigest(sha256(std::string_view(package)));
      lock_.packages[key] = locked;
      set.packages.push_back(key);
    }
    lock_.sets[name] = set;
  }

  store::ActionRecord result(const Node& node) const {
    const auto fixed = fixed_results.find(node.title());
    const auto text = fixed == fixed_results.end() ? node.key->hex() : fixed->second;
    return {.value = {{"tree", sha256(text).str()},
                      {"epoch", 1},
                      {"text", text},
                      {"patches", Json::array()}},
            .trees = {},
            .blobs = {}};
  }

  environment::Lock lock_;
  std::map<Key, store::ActionRecord> results_;
  std::map<std::string, Json> latest_;
};

}  // namespace cullet::plan
