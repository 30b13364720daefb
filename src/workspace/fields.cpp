// SPDX-License-Identifier: Apache-2.0
#include "fields.hpp"

#include "cullet/base/text.hpp"

namespace cullet::workspace {
namespace {

std::string_view type_name(const Node& node) {
  switch (node.type) {
    case Node::Type::scalar:
      return "text";
    case Node::Type::list:
      return "a list";
    case Node::Type::map:
      return "a map";
    case Node::Type::null:
      return "nothing";
  }
  return "nothing";
}

}  // namespace

void expect_map(const Node& node, std::string_view what) {
  if (node.type != Node::Type::map)
    throw error_at(node.at(), cat(what, " must be a map of keys, not ", type_name(node)));
}

void expect_list(const Node& node) {
  if (node.type != Node::Type::list)
    throw error_at(node.at(), cat(node.describe(), " must be a list, not ", type_name(node)));
}

const Node* find(const Node& map, std::string_view key) {
  for (const auto& entry : map.entries)
    if (entry.key.scalar == key)
      return &entry.value;
  return nullptr;
}

std::vector<Position> positions(const Node& list) {
  std::vector<Position> result;
  result.reserve(list.items.size());
  for (const auto& item : list.items)
    result.push_back(item.at());
  return result;
}

void check_keys(const Node& node,
                std::string_view what,
                const std::vector<std::string_view>& known,
                const std::vector<std::string_view>& required) {
  expect_map(node, what);
  for (const auto& entry : node.entries)
    if (std::find(known.begin(), known.end(), entry.key.scalar) == known.end())
      throw unknown_word(entry.key.at(),
                         cat("unknown key '", printable(entry.key.scalar), "' in ", what),
                         entry.key.scalar,
                         {known.begin(), known.end()});
  for (const auto& key : required)
    if (find(node, key) == nullptr)
      throw error_at(node.at(), cat(what, " needs '", key, "'"));
}

}  // namespace cullet::workspace
