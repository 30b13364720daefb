// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"
#include "cullet/image/layer.hpp"
#include "cullet/plan/carried.hpp"

#include "graph.hpp"

namespace cullet::plan {

namespace {

constexpr int kFilesVersion = 1;
constexpr int kTestVersion = 2;

Json owner_inputs(const std::map<std::string, std::pair<std::uint32_t, std::uint32_t>>& owners) {
  Json out = Json::object();
  for (const auto& [path, owner] : owners)
    out[path] = {owner.first, owner.second};
  return out;
}

Json config_inputs(const workspace::ImageConfig& config) {
  Json out;
  out["entrypoint"] = config.entrypoint;
  out["cmd"] = config.cmd;
  out["env"] = config.env;
  out["user"] = config.user;
  out["working_dir"] = config.working_dir;
  out["ports"] = config.ports;
  out["volumes"] = config.volumes;
  out["stop_signal"] = config.stop_signal;
  out["labels"] = config.labels;
  out["annotations"] = config.annotations;
  return out;
}

Json file_inputs(const workspace::ImageFile& file) {
  switch (file.type) {
    case workspace::ImageFile::Type::directory:
      return {"d", file.mode};
    case workspace::ImageFile::Type::symlink:
      return {"l", file.target};
    case workspace::ImageFile::Type::file:
      break;
  }
  return {"f", file.mode, sha256(std::string_view(file.text)).str()};
}

}  // namespace

archive::Compression compression(const workspace::ImageSpec& image) {
  return image.compression == "gzip" ? archive::Compression{archive::Algorithm::gzip, 6}
                                     : archive::Compression{};
}

std::vector<std::string> edited_forks(const Node& image) {
  const auto edits = image.fixed.find("edits");
  return edits == image.fixed.end() ? std::vector<std::string>{}
                                    : edits->get<std::vector<std::string>>();
}

std::size_t GraphBuilder::files(const workspace::Recipe& recipe) {
  Node node;
  node.kind = ActionKind::files;
  node.subject = recipe.name;
  node.recipe = &recipe;
  Json entries = Json::object();
  for (const auto& file : recipe.image->files)
    entries[file.path] = file_inputs(file);
  node.fixed = {{"version", kFilesVersion}, {"files", entries}};
  return add(std::move(node));
}

/// Recipes in the order that an image's components are built when nothing else is: what is needed
/// before what needs it. The plan's own order won't do: it depends on what else was asked for.
class BuildOrder {
 public:
  BuildOrder(const workspace::Workspace& workspace, const workspace::Recipe& image)
      : workspace_(workspace) {
    visit(image);
    for (const auto& content : image.image->contents)
      if (const auto* ref = std::get_if<workspace::OutputRef>(&content))
        visit(workspace_.recipes.at(ref->recipe));
  }
  [[nodiscard]] std::size_t of(const std::string& recipe) const { return ranks_.at(recipe); }

 private:
  void visit(const workspace::Recipe& recipe) {
    if (!seen_.insert(recipe.name).second)
      return;
    for (const auto& need : recipe.needs)
      visit(workspace_.recipes.at(need.recipe));
    ranks_.emplace(recipe.name, ranks_.size());
  }

  const workspace::Workspace& workspace_;
  std::set<std::string> seen_;
  std::map<std::string, std::size_t> ranks_;
};

/// One layer per content, most stable first, so that a rebuild of what changes often leaves the
/// layers below it as they are: packages, then other recipes' outputs in the order that they are
/// built, the recipe's own component, and the declared files.
std::vector<GraphBuilder::LayerPlan> GraphBuilder::layer_order(const workspace::Recipe& recipe) {
  std::vector<LayerPlan> package_sets, own;
  std::map<std::string, std::vector<LayerPlan>> others;  // by their recipe
  for (const auto& content : recipe.image->contents) {
    if (const auto* set = std::get_if<workspace::PackageSet>(&content)) {
      const auto node = packages(recipe, *set);
      package_sets.push_back({plan_.nodes[node].title(), node});
    } else {
      const auto& ref = std::get<workspace::OutputRef>(content);
      (ref.recipe == recipe.name ? own : others[ref.recipe]).push_back({ref.str(), output(ref)});
    }
  }
  std::vector<LayerPlan> order = std::move(package_sets);
  std::vector<std::string> recipes;
  for (const auto& [name, layers] : others)
    recipes.push_back(name);
  if (recipes.size() > 1) {
    const BuildOrder built(workspace_, recipe);
    std::sort(recipes.begin(), recipes.end(), [&](const auto& a, const auto& b) {
      return built.of(a) < built.of(b);
    });
  }
  for (const auto& name : recipes)
    order.insert(order.end(), others.at(name).begin(), others.at(name).end());
  order.insert(order.end(), own.begin(), own.end());
  if (!recipe.image->files.empty())
    order.push_back({"files", files(recipe)});
  return order;
}

std::size_t GraphBuilder::layer(const workspace::Recipe& recipe, const LayerPlan& content) {
  Node node;
  node.kind = ActionKind::layer;
  node.subject = cat(recipe.name, ": ", content.title);
  node.recipe = &recipe;
  auto owners = recipe.image->owners;
  for (const auto& file : recipe.image->files)
    if (file.uid != 0 || file.gid != 0)
      owners[file.path] = {file.uid, file.gid};
  auto modes = recipe.image->modes;
  modes.insert(recipe.modes.begin(), recipe.modes.end());
  node.fixed["assembly"] = image::kAssembly;
  node.fixed["compression"] = archive::describe(compression(*recipe.image));
  node.fixed["owners"] = owner_inputs(owners);
  node.fixed["modes"] = modes;
  node.dependencies = {{"tree", content.tree, "tree"}};
  return add(std::move(node));
}

void GraphBuilder::add_epochs(const workspace::Recipe& recipe, Node& node) {
  if (!recipe.fork.empty()) {
    const auto own = source(workspace_.forks.at(recipe.fork));
    node.dependencies.push_back({"epoch", own, "epoch"});
    return;
  }
  for (const auto& content : recipe.image->contents)
    if (const auto* ref = std::get_if<workspace::OutputRef>(&content)) {
      const auto from = source(workspace_.forks.at(find(*ref).fork));
      node.dependencies.push_back({cat("epoch ", ref->recipe), from, "epoch"});
    }
}

std::set<std::string> GraphBuilder::edits_below(const Node& node) const {
  std::set<std::string> found;
  if (edits_.empty())
    return found;
  std::set<std::size_t> seen;
  std::vector<std::size_t> rest;
  const auto add = [&](const Node& from) {
    for (const auto& dependency : from.dependencies)
      if (seen.insert(dependency.node).second)
        rest.push_back(dependency.node);
  };
  for (add(node); !rest.empty();) {
    const auto& below = plan_.nodes[rest.back()];
    rest.pop_back();
    if (below.kind == ActionKind::source && below.fixed.contains("edits"))
      found.insert(below.fork->name);
    add(below);
  }
  return found;
}

std::size_t GraphBuilder::image(const workspace::Recipe& recipe,
                                const std::vector<LayerPlan>& contents) {
  Node node;
  node.kind = ActionKind::image;
  node.subject = recipe.name;
  node.recipe = &recipe;
  if (!recipe.fork.empty())
    node.fork = &workspace_.forks.at(recipe.fork);
  node.fixed["assembly"] = image::kAssembly;
  node.fixed["name"] = recipe.name;
  node.fixed["config"] = config_inputs(recipe.image->config);
  node.fixed["compression"] = archive::describe(compression(*recipe.image));
  node.fixed["pin"] = node.fork == nullptr ? Json() : Json(node.fork->commit);
  node.fixed["upstream"] = node.fork == nullptr ? "" : node.fork->upstream;
  node.fixed["version"] = node.fork == nullptr ? "" : node.fork->version;
  // That they name something is looked at here: a layer of the same bytes as before has no say.
  if (!recipe.image->owners.empty())
    node.fixed["owners"] = owner_inputs(recipe.image->owners);
  if (!recipe.image->modes.empty())
    node.fixed["modes"] = recipe.image->modes;
  for (const auto& content : contents)
    node.dependencies.push_back({"layer " + content.title, layer(recipe, content), ""});
  add_epochs(recipe, node);
  // Only where there are any, so that a build without edits has the keys that it always had.
  if (const auto edited = edits_below(node); !edited.empty())
    node.fixed["edits"] = edited;
  for (const auto& name : patched_.of_image(recipe)) {
    const auto& fork = workspace_.forks.at(name);
    node.fixed["patches"][name] = describe_patches(fork);
    node.dependencies.push_back({"patches " + name, source(fork), "patches"});
  }
  // The trees are read to find conflicts between layers.
  for (const auto& content : contents)
    node.dependencies.push_back({"tree " + content.title, content.tree, "tree"});
  return add(std::move(node));
}

std::size_t GraphBuilder::test(const workspace::Recipe& recipe,
                               const std::vector<LayerPlan>& contents) {
  Node node;
  node.kind = ActionKind::test;
  node.subject = recipe.name;
  node.recipe = &recipe;
  Json steps = Json::array();
  for (const auto& step : recipe.image->test) {
    steps.push_back({{"exec", step.exec}, {"run", step.run}, {"tools", step.tools}});
    if (step.tools.empty())
      continue;
    const auto tools = environment(workspace_.config.environments.at(step.tools));
    node.dependencies.push_back({"tools " + step.tools, tools, "tree"});
  }
  node.fixed = {{"version", kTestVersion},
                {"steps", steps},
                {"env", recipe.image->config.env},
                {"user", recipe.image->config.user},
                {"working_dir", recipe.image->config.working_dir}};
  for (const auto& content : contents)
    node.dependencies.push_back({"tree " + content.title, content.tree, "tree"});
  return add(std::move(node));
}

}  // namespace cullet::plan
