// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/plan.hpp"

namespace cullet::plan {

namespace {

/// Nodes below which another thread costs more than it brings.
constexpr std::size_t kNodesPerThread = 64;

std::string reason(const Node& node, const Json& now, const Knowledge& knowledge) {
  const auto before = knowledge.latest ? knowledge.latest(node.title()) : std::nullopt;
  if (!before)
    return "not built here before";
  const auto labels = changed_inputs(now, *before);
  return labels.empty() ? "its result is no longer in the store"
                        : cat("changed: ", join(labels, ", "));
}

std::string waits_for(const Plan& plan, const Node& node) {
  std::vector<std::string> titles;
  for (const auto& dependency : node.dependencies) {
    const auto& other = plan.nodes[dependency.node];
    if (other.record || std::find(titles.begin(), titles.end(), other.title()) != titles.end())
      continue;
    titles.push_back(other.title());
  }
  return cat("if changed: ", join(titles, ", "));
}

}  // namespace

std::vector<std::string> changed_inputs(const Json& now, const Json& before) {
  std::vector<std::string> labels;
  const auto& fixed = now.at("fixed");
  const auto& old_fixed = before.value("fixed", Json::object());
  for (const auto& [label, value] : fixed.items())
    if (!old_fixed.contains(label) || old_fixed.at(label) != value)
      labels.push_back(label);
  std::map<std::string, Json> old_from;
  for (const auto& pair : before.value("from", Json::array()))
    old_from[pair.at(0).get<std::string>()] = pair.at(1);
  std::set<std::string> seen;
  for (const auto& pair : now.at("from")) {
    const auto& label = pair.at(0).get_ref<const std::string&>();
    seen.insert(label);
    const auto old = old_from.find(label);
    if (old == old_from.end())
      labels.push_back(label + " (new)");
    else if (old->second != pair.at(1))
      labels.push_back(label);
  }
  for (const auto& [label, value] : old_from)
    if (seen.count(label) == 0)
      labels.push_back(label + " (gone)");
  return labels;
}

std::optional<Json> inputs(const Plan& plan, const Node& node) {
  Json from = Json::array();
  for (const auto& dependency : node.dependencies) {
    const auto& other = plan.nodes[dependency.node];
    if (!other.record)
      return std::nullopt;
    const auto& value = other.record->value;
    from.push_back(Json::array(
        {dependency.label, dependency.field.empty() ? value : value.at(dependency.field)}));
  }
  Json read;
  read["action"] = name(node.kind);
  read["fixed"] = node.fixed;
  read["from"] = std::move(from);
  return read;
}

void examine(Plan& plan, std::size_t index, const Knowledge& knowledge) {
  auto& node = plan.nodes[index];
  const auto read = inputs(plan, node);
  if (!read) {
    node.state = State::depends;
    node.why = waits_for(plan, node);
    return;
  }
  node.key = Key(canonical_digest(*read));
  node.record = knowledge.find(*node.key);
  node.state = node.record ? State::cached : State::run;
  node.why = node.record ? "" : reason(node, *read, knowledge);
}

void examine(Plan& plan, const Knowledge& knowledge) {
  std::vector<std::size_t> first, others;
  for (std::size_t index = 0; index < plan.nodes.size(); ++index)
    (plan.nodes[index].dependencies.empty() ? first : others).push_back(index);
  // On an empty store no others are asked for.
  const auto useful = std::min<std::size_t>(knowledge.threads, first.size() / kNodesPerThread);
  in_parallel(first.size(), static_cast<unsigned>(useful), [&](std::size_t at) {
    examine(plan, first[at], knowledge);
  });
  for (const auto index : others)
    examine(plan, index, knowledge);
}

}  // namespace cullet::plan
