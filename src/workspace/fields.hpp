// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "document.hpp"

namespace cullet::workspace {

enum class Presence { optional, required };

/// One key of a map: how it is called, whether it must be there, and how its value is read into T.
/// A table of these is the description of a map; schema/*.schema.json says the same to editors.
template <class T>
struct Field {
  std::string_view key;
  Presence presence;
  void (*read)(const Node& value, T& into);
};

/// Throws Kind::input unless `node` is a map with only `known` keys and all of `required`. `what`
/// names the map: "a step".
void check_keys(const Node& node,
                std::string_view what,
                const std::vector<std::string_view>& known,
                const std::vector<std::string_view>& required);

/// Throws unless `node` is of the type, saying what was expected.
void expect_map(const Node& node, std::string_view what);
void expect_list(const Node& node);

/// The value under `key`, or null.
const Node* find(const Node& map, std::string_view key);

/// Where the entries of a list stand.
std::vector<Position> positions(const Node& list);

/// Reads a map by its description, in the order of the file. Keys are checked first: a misspelt key
/// explains more than the required one that is then missing.
template <class T, std::size_t N>
void read_fields(const Node& node, std::string_view what, const Field<T> (&fields)[N], T& into) {
  std::vector<std::string_view> known, required;
  for (const auto& field : fields) {
    known.emplace_back(field.key);
    if (field.presence == Presence::required)
      required.emplace_back(field.key);
  }
  check_keys(node, what, known, required);
  for (const auto& entry : node.entries)
    std::find_if(std::begin(fields), std::end(fields), [&](const Field<T>& field) {
      return field.key == entry.key.scalar;
    })->read(entry.value, into);
}

/// Reads each entry of a list.
template <class Read>
auto read_list(const Node& node, Read read)
    -> std::vector<std::decay_t<std::invoke_result_t<Read, const Node&>>> {
  expect_list(node);
  std::vector<std::decay_t<std::invoke_result_t<Read, const Node&>>> values;
  values.reserve(node.items.size());
  for (const auto& item : node.items)
    values.push_back(read(item));
  return values;
}

/// read_list() for lists that say something only when they hold something.
template <class Read>
auto read_filled_list(const Node& node, Read read) {
  auto values = read_list(node, read);
  if (values.empty())
    throw error_at(node.at(), cat(node.describe(), " must not be empty"));
  return values;
}

/// read_list() of text, each of which may stand there once.
template <class Read>
std::vector<std::string> read_set(const Node& node, Read read) {
  auto values = read_list(node, read);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!seen.insert(values[i]).second)
      throw error_at(node.items[i].at(), cat("'", values[i], "' is in '", node.label, "' twice"));
  return values;
}

template <class Read>
std::vector<std::string> read_filled_set(const Node& node, Read read) {
  auto values = read_set(node, read);
  if (values.empty())
    throw error_at(node.at(), cat(node.describe(), " must not be empty"));
  return values;
}

/// Reads a map whose keys are the user's. Two keys that read as one ("a" and "/a") are an error.
template <class Map, class ReadKey, class Read>
void read_map(const Node& node, Map& into, ReadKey read_key, Read read) {
  expect_map(node, node.describe());
  for (const auto& entry : node.entries)
    if (!into.emplace(read_key(entry.key), read(entry.value)).second)
      throw error_at(entry.key.at(), cat("'", entry.key.scalar, "' is given twice"));
}

}  // namespace cullet::workspace
