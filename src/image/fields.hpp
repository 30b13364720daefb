// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"

namespace cullet::image {

/// A member of foreign JSON, or null where it is absent or null (Go's encoders write nil maps and
/// slices so).
inline const Json* member(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// What `parse` gives, or nullopt where it throws Kind::input.
template <class Parse>
auto unless_malformed(Parse parse) -> std::optional<decltype(parse())> {
  try {
    return parse();
  } catch (const Error& error) {
    if (error.kind() != Kind::input)
      throw;
    return std::nullopt;
  }
}

/// An object of strings; absent gives an empty map.
inline std::map<std::string, std::string> string_map(const Json& object,
                                                     const std::string& key,
                                                     std::string_view what) {
  std::map<std::string, std::string> map;
  const auto* const found = member(object, key);
  if (found == nullptr)
    return map;
  if (!found->is_object())
    throw Error(Kind::input, cat(what, ": '", key, "' must be an object"));
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string())
      throw Error(Kind::input, cat(what, ": '", key, "' must hold strings only"));
    map.emplace(name, value.get<std::string>());
  }
  return map;
}

/// A list of strings; absent gives an empty one.
inline std::vector<std::string> string_list(const Json& object,
                                            const std::string& key,
                                            std::string_view what) {
  std::vector<std::string> list;
  const auto* const found = member(object, key);
  if (found == nullptr)
    return list;
  if (!found->is_array())
    throw Error(Kind::input, cat(what, ": '", key, "' must be a list"));
  for (const auto& value : *found) {
    if (!value.is_string())
      throw Error(Kind::input, cat(what, ": '", key, "' must hold strings only"));
    list.push_back(value.get<std::string>());
  }
  return list;
}

}  // namespace cullet::image
