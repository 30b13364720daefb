// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/image_name.hpp"

#include <algorithm>

#include "cullet/base/text.hpp"

namespace cullet {

namespace {

constexpr std::size_t kMaxTag = 128;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
  return is_plain(c) || (c >= 'A' && c <= 'Z');
}

bool is_port(std::string_view text) {
  const auto port = parse_number(text);
  return port && *port > 0 && *port <= 65535;
}

bool is_label(std::string_view label) {
  return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_address6(std::string_view text) {
  return text.size() > 1 &&
         text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

}  // namespace

bool names_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos;
}

bool is_registry_host(std::string_view text) {
  const auto end = text.starts_with('[') ? text.find(']') : 0;
  if (end == std::string_view::npos)
    return false;
  const auto colon = text.find(':', end);
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1)))
    return false;
  const auto name = text.substr(0, colon);
  if (end > 0)
    return name.size() == end + 1 && is_address6(name.substr(1, end - 1));
  const auto labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(), is_label);
}

bool is_repository_component(std::string_view text) {
  if (text.empty() || !is_plain(text.front()) || !is_plain(text.back()))
    return false;
  for (std::size_t i = 0; i < text.size();) {
    const auto begin = i;
    while (i < text.size() && !is_plain(text[i]))
      ++i;
    const auto joint = text.substr(begin, i - begin);
    if (!joint.empty() && joint != "." && joint != "_" && joint != "__" &&
        joint.find_first_not_of('-') != std::string_view::npos)
      return false;
    while (i < text.size() && is_plain(text[i]))
      ++i;
  }
  return true;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_alnum(c) || c == '_' || c == '.' || c == '-';
         });
}

}  // namespace cullet
