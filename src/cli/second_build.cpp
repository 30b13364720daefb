// SPDX-License-Identifier: Apache-2.0
#include "second_build.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/build/publish.hpp"

#include "other_view.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kShownLines = 20;

/// The records of `cullet build --json`, one for each recipe.
std::vector<Json> builds_of(const Json& record) {
  constexpr std::string_view kWhat = "the record of the second build";
  if (!record.contains("builds"))
    return {record};
  const auto& builds = array_at(record, "builds", kWhat);
  return {builds.begin(), builds.end()};
}

/// The component of a recipe, in the record of the second build.
const Json& component_in(const Json& record, const std::string& recipe) {
  for (const auto& component : array_at(record, "components", "a build"))
    if (string_at(component, "recipe", "a component") == recipe)
      return component;
  throw Error(Kind::internal, cat("the second build has no component ", recipe));
}

/// What of a target's components the second build made otherwise.
std::vector<OtherComponent> others(const plan::Plan& plan,
                                   const plan::Plan::Target& target,
                                   const Json& record) {
  std::map<std::string, Json> again;
  for (const auto& component : array_at(record, "components", "a build"))
    again[string_at(component, "recipe", "a component")] = component;
  std::vector<OtherComponent> out;
  for (const auto index : attest::nodes_of(plan, target)) {
    const auto& node = plan.nodes[index];
    const auto found = again.find(node.subject);
    if (node.kind != plan::ActionKind::component || found == again.end())
      continue;
    const auto before = node.record.value().value.at("tree").get<std::string>();
    const auto& after = string_at(found->second, "tree", "a component");
    const auto& key = string_at(found->second, "key", "a component");
    if (before != after)
      out.push_back({node.subject, before, after, key == node.key.value().str()});
  }
  return out;
}

/// Brings the inputs of the plan to the other machine, as they are kept beside images.
void seed(const build::Context& context,
          const plan::Plan& plan,
          const OtherMachine& machine,
          ProgressView& view) {
  std::set<build::Input> inputs;
  for (const auto& target : plan.targets) {
    const auto list = build::collect_inputs(context, plan, target);
    inputs.insert(list.inputs.begin(), list.inputs.end());
  }
  const build::InputsManifest all{plan.targets.at(0).recipe->name, {inputs.begin(), inputs.end()}};
  store::Store store(machine.store(), context.cancel);
  build::restore_inputs(*build::store_repository(context.store),
                        all,
                        machine.workspace(),
                        store,
                        context.cancel,
                        view);
}

std::string made_of(const plan::Plan& plan, const plan::Plan::Target& target) {
  if (target.image)
    return build::built_image(plan, target).digest.str();
  return plan.nodes[target.component.value()].record.value().value.at("tree").get<std::string>();
}

SecondBuild::Target judge(Session& session,
                          const build::Context& context,
                          const plan::Plan& plan,
                          const plan::Plan::Target& target,
                          const Json& record,
                          const OtherMachine& machine) {
  SecondBuild::Target out;
  out.recipe = target.recipe->name;
  out.before = made_of(plan, target);
  out.components = others(plan, target, record);
  if (!target.image) {
    out.after = string_at(component_in(record, out.recipe), "tree", "a component");
    return out;
  }
  const auto& image = object_at(record, "image", "a build");
  const auto after = image::Descriptor::parse(object_at(image, "manifest", "an image"), "an image");
  out.after = after.digest.str();
  if (out.same())
    return out;
  store::Store other(machine.store(), context.cancel);
  image::DifferenceOptions options;
  options.first.processors = context.jobs;
  options.second.processors = machine.jobs();
  options.detail = other_view(session, "diffoscope");
  explain_difference(out,
                     *build::store_repository(context.store),
                     build::built_image(plan, target),
                     *build::store_repository(other),
                     after,
                     options,
                     context.cancel);
  return out;
}

}  // namespace

bool SecondBuild::same() const {
  return std::all_of(
      targets.begin(), targets.end(), [](const Target& target) { return target.same(); });
}

Json SecondBuild::to_json() const {
  Json out{{"same", same()}, {"varied", varied}, {"targets", Json::array()}};
  for (const auto& target : targets) {
    Json components = Json::array();
    for (const auto& one : target.components)
      components.push_back({{"recipe", one.recipe},
                            {"before", one.before},
                            {"after", one.after},
                            {"sameInputs", one.same_inputs}});
    out["targets"].push_back({{"recipe", target.recipe},
                              {"same", target.same()},
                              {"before", target.before},
                              {"after", target.after},
                              {"components", std::move(components)},
                              {"difference", target.difference}});
  }
  return out;
}

void add_difference(Error& error, const SecondBuild::Target& target) {
  for (const auto& one : target.components)
    error.detail(cat("component ",
                     one.recipe,
                     one.same_inputs ? ": its steps made other files of the same inputs"
                                     : ": it is made of what came out different"));
  for (std::size_t at = 0; at < std::min(target.lines.size(), kShownLines); ++at)
    error.detail(target.lines[at]);
  if (target.lines.size() > kShownLines)
    error.detail(
        cat("and ", target.lines.size() - kShownLines, " lines more; --json has them all"));
}

void SecondBuild::demand_same() const {
  for (const auto& target : targets) {
    if (target.same())
      continue;
    Error error(Kind::refused, cat(target.recipe, " comes out different when it is built again"));
    error.detail(cat(target.before, " first, ", target.after, " as another machine"));
    add_difference(error, target);
    error.hint("the other machine had " + join(varied, ", "));
    throw std::move(error);
  }
}

SecondBuild build_again(Session& session,
                        const build::Context& context,
                        const plan::Plan& plan,
                        ProgressView& view) {
  // A clock is a leak of its own: what wrote down the second must not find the same one.
  constexpr std::chrono::milliseconds kPause{20};
  constexpr int kMostPauses = 60;
  const auto now = session.environment().now();
  for (int pause = 0; pause < kMostPauses && session.environment().now() == now; ++pause)
    session.cancel().sleep(kPause);
  OtherMachine machine(session);
  seed(context, plan, machine, view);
  std::vector<std::string> recipes;
  for (const auto& target : plan.targets)
    recipes.push_back(target.recipe->name);
  view.note("building again, as another machine would");
  const auto records = builds_of(machine.build(recipes, view));
  if (records.size() != plan.targets.size())
    throw Error(Kind::internal, "the second build is one of other recipes");
  SecondBuild out;
  out.varied = machine.varied();
  for (std::size_t index = 0; index < records.size(); ++index)
    out.targets.push_back(
        judge(session, context, plan, plan.targets[index], records[index], machine));
  return out;
}

void explain_difference(SecondBuild::Target& target,
                        image::Repository& before_in,
                        const image::Descriptor& before,
                        image::Repository& after_in,
                        const image::Descriptor& after,
                        const image::DifferenceOptions& options,
                        const Cancel& cancel) {
  const auto report =
      image::explain_difference(before_in, before, after_in, after, options, cancel);
  target.difference = report.to_json();
  target.lines = split(report.text(), '\n');
  if (!target.lines.empty() && target.lines.back().empty())
    target.lines.pop_back();
}

}  // namespace cullet::cli
