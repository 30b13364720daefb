// SPDX-License-Identifier: Apache-2.0
#include "link.hpp"

#include <string_view>

#include "cullet/base/text.hpp"

namespace cullet::registry {
namespace {

bool is_next(std::string_view parameters) {
  for (const auto& part : split(parameters, ';')) {
    const auto text = trim(part);
    if (text == "rel=next" || text == "rel=\"next\"")
      return true;
  }
  return false;
}

/// Where the target ends: behind '>', or at ';' where the brackets are missing.
std::optional<std::string> next_of(std::string_view header) {
  while (!header.empty()) {
    header = trim(header);
    const bool bracket = header.starts_with('<');
    const auto end = header.find(bracket ? '>' : ';');
    if (end == std::string_view::npos)
      return std::nullopt;
    const auto target = bracket ? header.substr(1, end - 1) : trim(header.substr(0, end));
    header = header.substr(end + (bracket ? 1 : 0));
    // No parameter that registries send has a comma in it.
    const auto comma = header.find(',');
    if (is_next(header.substr(0, comma)) && !target.empty())
      return std::string(target);
    if (comma == std::string_view::npos)
      return std::nullopt;
    header = header.substr(comma + 1);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> next_link(const http::Headers& headers) {
  const auto [begin, end] = headers.equal_range("link");
  for (auto header = begin; header != end; ++header)
    if (auto target = next_of(header->second))
      return target;
  return std::nullopt;
}

}  // namespace cullet::registry
