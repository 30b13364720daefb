// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/change.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/build/image_parts.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/image/compare.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/plan/carried.hpp"

namespace cullet::build {

namespace {

constexpr int kChangeVersion = 1;
constexpr std::string_view kNames[] = {"added", "removed", "changed"};

std::string inputs_name(const std::string& digest) {
  return cat("inputs of image ", digest);
}

/// Compares two images, the new one with its plan beside it.
class Comparison {
 public:
  Comparison(const Context& context,
             const plan::Plan& plan,
             const plan::Plan::Target& target,
             const ChangeScope& scope,
             ImageParts before,
             ImageParts after)
      : context_(context),
        plan_(plan),
        scope_(scope),
        contents_(layer_contents(plan, plan.nodes[target.image.value()])),
        before_(std::move(before)),
        after_(std::move(after)) {
    for (const auto& layer : before_.layers)
      same_.insert(layer.digest);
    std::set<BlobDigest> both;
    for (const auto& layer : after_.layers)
      if (same_.contains(layer.digest))
        both.insert(layer.digest);
    same_ = std::move(both);
  }

  void layers(ImageChange& change) const {
    const auto old_inputs = context_.store.latest(inputs_name(change.before));
    std::map<std::string, std::string> gone;
    for (const auto& layer : before_.layers)
      if (!same_.contains(layer.digest))
        gone.emplace(layer.content, layer.digest.str());
    for (const auto& layer : after_.layers) {
      if (same_.contains(layer.digest))
        continue;
      ImageChange::Layer one{layer.content, "", layer.digest.str(), inside(layer.content), {}};
      if (const auto old = gone.find(layer.content); old != gone.end()) {
        one.before = old->second;
        gone.erase(old);
      }
      if (!one.inside)
        explain(layer.content, old_inputs, one.inputs);
      change.layers.push_back(std::move(one));
    }
    for (const auto& [content, digest] : gone)
      change.layers.push_back({content, digest, "", inside(content), {"the recipe's contents"}});
  }

  void files(image::Repository& before_repository,
             const image::Descriptor& before,
             image::Repository& after_repository,
             const image::Descriptor& after,
             ImageChange& change) const {
    const auto compared = image::compare(before_repository,
                                         before,
                                         after_repository,
                                         after,
                                         image::Depth::files,
                                         context_.cancel,
                                         {.store = &context_.store, .threads = context_.jobs});
    for (const auto& difference : compared.files) {
      const auto& layer = difference.layer_after ? after_.layers.at(*difference.layer_after)
                                                 : before_.layers.at(*difference.layer_before);
      bool allowed_to_change = inside(layer.content);
      if (difference.layer_before && difference.layer_after)
        allowed_to_change &= inside(before_.layers.at(*difference.layer_before).content);
      add(change,
          {difference.path,
           std::string(kNames[static_cast<std::size_t>(difference.kind)]),
           difference.what,
           layer.content,
           layer.digest.str(),
           allowed_to_change,
           false});
    }
  }

  void declared(ImageChange& change) const {
    for (const auto& path :
         changed_settings(before_, after_, scope_.because.reaches(change.recipe)))
      add(change, {path, "changed", "", "the recipe's image", "", false, false});
  }

 private:
  [[nodiscard]] bool inside(const std::string& content) const {
    if (const auto found = contents_.find(content); found != contents_.end())
      return scope_.because.reaches(plan_, found->second);
    return scope_.because.reaches(content);
  }

  void add(ImageChange& change, ImageChange::File file) const {
    file.allowed = !file.inside &&
                   std::any_of(scope_.allowed.begin(), scope_.allowed.end(), [&](const Glob& glob) {
                     return glob.matches(file.path);
                   });
    change.files.push_back(std::move(file));
  }

  /// The inputs at the ground of a change: followed down from the layer's content to nodes whose
  /// own inputs are not the old ones.
  void explain(const std::string& content,
               const std::optional<Json>& old,
               std::vector<std::string>& into) const {
    const auto found = contents_.find(content);
    if (found == contents_.end() || !old)
      return;
    std::set<std::size_t> seen;
    walk(found->second, *old, seen, into);
  }

  void walk(std::size_t index,
            const Json& old,
            std::set<std::size_t>& seen,
            std::vector<std::string>& into) const {
    const auto& node = plan_.nodes[index];
    if (!seen.insert(index).second)
      return;
    if (!old.contains(node.title())) {
      into.push_back(cat(node.title(), " (new)"));
      return;
    }
    const auto labels =
        plan::changed_inputs(plan::inputs(plan_, node).value(), old.at(node.title()));
    for (const auto& label : labels) {
      const auto through = std::find_if(node.dependencies.begin(),
                                        node.dependencies.end(),
                                        [&](const auto& one) { return one.label == label; });
      if (through == node.dependencies.end())
        into.push_back(cat(node.title(), ": ", label));
      else
        walk(through->node, old, seen, into);
    }
  }

  const Context& context_;
  const plan::Plan& plan_;
  const ChangeScope& scope_;
  std::map<std::string, std::size_t> contents_;  ///< node that made the tree, by content
  ImageParts before_, after_;
  std::set<BlobDigest> same_;
};

Json question(const ImageChange& change, const ChangeScope& scope) {
  Json allowed = Json::array();
  for (const auto& glob : scope.allowed)
    allowed.push_back(percent_escape(glob.pattern()));  // it need not be UTF-8
  Json inside = Json::array();
  for (const auto& entry : scope.because.components)
    inside.push_back(entry.recipe->name);
  return {{"action", "change"},
          {"version", kChangeVersion},
          {"because", {{"kind", plan::name(scope.because.what)}, {"name", scope.because.name}}},
          {"inside", std::move(inside)},
          {"allowed", std::move(allowed)},
          {"recipe", change.recipe},
          {"before", change.before},
          {"after", change.after}};
}

}  // namespace

ImageChange compare(const Context& context,
                    const plan::Plan& plan,
                    const plan::Plan::Target& target,
                    image::Repository& repository,
                    const std::optional<image::Descriptor>& before,
                    const ChangeScope& scope) {
  const auto after = built_image(plan, target);
  ImageChange change;
  change.recipe = target.recipe->name;
  change.after = after.digest.str();
  if (before)
    change.before = before->digest.str();
  if (!before || before->digest == after.digest)
    return change;
  const Key key(canonical_digest(question(change, scope)));
  if (const auto known = context.store.find_action(key))
    return ImageChange::from_json(known->value);
  return with_context(
      cat("comparing ", change.recipe, " with ", repository.name(), "@", change.before), [&] {
        const auto store = store_repository(context.store);
        const Comparison comparison(context,
                                    plan,
                                    target,
                                    scope,
                                    read_parts(repository, *before),
                                    read_parts(*store, after));
        comparison.layers(change);
        comparison.files(repository, *before, *store, after, change);
        comparison.declared(change);
        context.store.record_action(
            key, {.value = change.to_json(), .trees = {}, .blobs = {after.digest}});
        return change;
      });
}

void remember_inputs(const Context& context,
                     const plan::Plan& plan,
                     const plan::Plan::Target& target) {
  std::vector<bool> reached(plan.nodes.size(), false);
  reached[target.image.value()] = true;
  Json all = Json::object();
  for (std::size_t index = *target.image + 1; index-- > 0;) {
    if (!reached[index])
      continue;
    const auto& node = plan.nodes[index];
    all[node.title()] = plan::inputs(plan, node).value();
    for (const auto& dependency : node.dependencies)
      reached[dependency.node] = true;
  }
  const auto name = inputs_name(built_image(plan, target).digest.str());
  // The first time tells: later inputs that give the same image changed nothing in it.
  if (!context.store.latest(name))
    context.store.set_latest(name, all);
}

}  // namespace cullet::build
