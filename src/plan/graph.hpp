// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "cullet/plan/carried.hpp"
#include "cullet/plan/plan.hpp"

namespace cullet::plan {

/// Adds nodes to a plan, each once, whatever asks for it.
class GraphBuilder {
 public:
  GraphBuilder(const workspace::Workspace& workspace,
               const environment::Lock& lock,
               const std::function<Sha256(const std::string&)>& patch_digest,
               const Edits& edits)
      : workspace_(workspace),
        lock_(lock),
        patch_digest_(patch_digest),
        edits_(edits),
        patched_(workspace) {}

  /// Plans a recipe and all that it needs.
  void add_target(const workspace::Recipe& recipe);
  Plan finish() && { return std::move(plan_); }

 private:
  std::size_t add(Node node);
  std::size_t source(const workspace::Fork& fork);
  std::size_t environment(const workspace::Environment& environment);
  std::size_t packages(const workspace::Recipe& recipe, const workspace::PackageSet& set);
  std::size_t component(const workspace::Recipe& recipe);
  std::size_t output(const workspace::OutputRef& ref);
  std::size_t files(const workspace::Recipe& recipe);

  // image_nodes.cpp
  struct LayerPlan {
    std::string title;
    std::size_t tree;
  };
  std::vector<LayerPlan> layer_order(const workspace::Recipe& recipe);
  std::size_t layer(const workspace::Recipe& recipe, const LayerPlan& content);
  std::size_t image(const workspace::Recipe& recipe, const std::vector<LayerPlan>& contents);
  std::size_t test(const workspace::Recipe& recipe, const std::vector<LayerPlan>& contents);
  /// The nodes whose "epoch" says when the image was made: its own fork's, or all its contents'.
  void add_epochs(const workspace::Recipe& recipe, Node& node);

  /// The forks whose edits reach a node through its dependencies.
  std::set<std::string> edits_below(const Node& node) const;

  const workspace::Recipe& find(const workspace::OutputRef& ref) const;

  const workspace::Workspace& workspace_;
  const environment::Lock& lock_;
  const std::function<Sha256(const std::string&)>& patch_digest_;
  const Edits& edits_;
  PatchedForks patched_;
  Plan plan_;
  std::map<std::string, std::size_t> by_title_;
  std::vector<const workspace::Recipe*> path_;  ///< recipes being planned, for cycles
};

}  // namespace cullet::plan
