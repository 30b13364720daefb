// SPDX-License-Identifier: Apache-2.0
#include "actions.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/glob.hpp"
#include "cullet/base/text.hpp"
#include "cullet/environment/rootfs.hpp"
#include "cullet/source/kept.hpp"
#include "cullet/source/upstream.hpp"

#include "fetching.hpp"

namespace cullet::build {

namespace {

/// What was captured of a checkout before the plan was made; `patches` receives what the series
/// has.
store::Tree edited_tree(const Context& context,
                        const source::Context& source_context,
                        const plan::Node& node,
                        std::vector<Sha256>& patches) {
  for (const auto& patch : node.fork->patches)
    patches.push_back(source::read_patch(source_context, *node.fork, patch).sha256);
  return context.store.tree(
      TreeDigest::parse(string_at(node.fixed, "edits", node.title())).value());
}

/// The node's key is of the patch files that the plan was made from: another text must not become
/// its result.
void demand_planned(const plan::Node& node, const std::vector<Sha256>& applied) {
  if (!node.fixed.contains("patches"))
    return;  // edits stand for them
  for (std::size_t index = 0; index < applied.size(); ++index) {
    const auto& planned = node.fixed.at("patches").at(index).at(0);
    if (planned.is_string() && planned != applied[index].str())
      throw Error(Kind::input,
                  cat("patch ", node.fork->patches[index].name(), " was changed during the build"))
          .hint("run the command again");
  }
}

store::ActionRecord run_source(const Context& context, const plan::Node& node) {
  const auto source_context = build::source_context(
      context, [&](const std::string& text) { context.observer.progress(node, text); });
  const auto pin = context.upstream_pins ? source::ensure_candidate(source_context, *node.fork)
                                         : source::ensure_source(source_context, *node.fork);
  std::vector<Sha256> patches;
  const auto tree = node.fixed.contains("edits")
                        ? edited_tree(context, source_context, node, patches)
                        : source::prepare(source_context, *node.fork, &patches);
  demand_planned(node, patches);
  auto record = tree_record(tree);
  record.value["epoch"] = pin.committer_time;
  record.value["commit"] = pin.commit;
  record.value["patches"] = Json::array();
  for (const auto& digest : patches)
    record.value["patches"].push_back(digest.str());
  // What is imported may be nowhere else by now: it stays as long as what was made of it.
  for (const auto& archive : source::archives_of(*node.fork))
    if (const BlobDigest digest(archive.sha256); context.store.has_blob(digest))
      record.blobs.push_back(digest);
  return record;
}

store::ActionRecord run_packages(const Context& context, const plan::Node& node) {
  const auto rootfs_context =
      build::rootfs_context(context, [&](std::uint64_t done, std::uint64_t total) {
        context.observer.progress(node, cat(human_size(done), " of ", human_size(total)));
      });
  fetch_packages(context, rootfs_context, node.packages);
  context.observer.progress(node, "unpacking");
  const bool for_steps = node.kind == plan::ActionKind::environment;
  static const std::map<std::string, std::string> no_links;
  const auto rootfs = environment::unpack_packages(rootfs_context,
                                                   node.packages,
                                                   for_steps ? node.environment->links : no_links,
                                                   !for_steps,
                                                   for_steps);
  auto record = tree_record(rootfs.tree);
  if (!for_steps) {
    record.value["modes"] = rootfs.modes;
    record.value["postinst"] = rootfs.postinst;
  }
  // They stay as long as what was made of them: another set of packages may need them, offline.
  for (const auto& package : node.packages)
    record.blobs.push_back(package.sha256);
  return record;
}

store::ActionRecord run_output(const Context& context,
                               const plan::Plan& plan,
                               const plan::Node& node) {
  const auto whole = trees_of(context, plan, node, "whole").at(0);
  const bool only = node.fixed.contains("only");
  std::vector<Glob> globs;
  for (const auto& pattern : node.fixed.at(only ? "only" : "exclude"))
    globs.emplace_back(pattern.get<std::string>());
  const auto part = context.store.manifest(whole.digest).filter([&](const store::TreeEntry& entry) {
    const bool matches = std::any_of(globs.begin(), globs.end(), [&](const Glob& glob) {
      return glob.matches(entry.path.str());
    });
    return matches == only;
  });
  if (part.entries().empty())
    throw Error(Kind::input,
                cat(node.recipe->at.file, ": output '", node.subject, "' holds no file"))
        .hint("its patterns are relative to $OUT, as in usr/lib/libz.so*");
  return tree_record(context.store.commit_part(whole.digest, part));
}

}  // namespace

Json value_of(const plan::Plan& plan, const plan::Node& node, std::string_view label) {
  for (const auto& dependency : node.dependencies)
    if (dependency.label == label) {
      const auto& value = plan.nodes[dependency.node].record.value().value;
      return dependency.field.empty() ? value : value.at(dependency.field);
    }
  throw Error(Kind::internal, cat(node.title(), " has no input '", label, "'"));
}

std::vector<store::Tree> trees_of(const Context& context,
                                  const plan::Plan& plan,
                                  const plan::Node& node,
                                  std::string_view prefix) {
  std::vector<store::Tree> trees;
  for (const auto& dependency : node.dependencies)
    if (dependency.field == "tree" && dependency.label.rfind(prefix, 0) == 0)
      trees.push_back(context.store.tree(plan.nodes[dependency.node].record.value().trees.at(0)));
  return trees;
}

store::ActionRecord tree_record(const store::Tree& tree) {
  return {.value = {{"tree", tree.digest.str()}}, .trees = {tree.digest}, .blobs = {}};
}

store::ActionRecord run_action(const Context& context,
                               const plan::Plan& plan,
                               const plan::Node& node) {
  switch (node.kind) {
    case plan::ActionKind::source:
      return run_source(context, node);
    case plan::ActionKind::environment:
    case plan::ActionKind::packages:
      return run_packages(context, node);
    case plan::ActionKind::files:
      return run_files(context, node);
    case plan::ActionKind::component:
      return run_component(context, plan, node);
    case plan::ActionKind::output:
      return run_output(context, plan, node);
    case plan::ActionKind::layer:
      return run_layer(context, plan, node);
    case plan::ActionKind::image:
      return run_image(context, plan, node);
    case plan::ActionKind::test:
      return run_image_test(context, plan, node);
  }
  throw Error(Kind::internal, "an action of no known kind");
}

}  // namespace cullet::build
