// SPDX-License-Identifier: Apache-2.0
#include "cullet/environment/debian_version.hpp"

#include <cstdint>

#include "cullet/base/text.hpp"

namespace cullet::environment {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Parts {
  std::uint64_t epoch = 0;
  std::string_view upstream, revision;
};

std::optional<Parts> parts_of(std::string_view version) {
  Parts out;
  if (const auto colon = version.find(':'); colon != version.npos) {
    const auto epoch = parse_number(version.substr(0, colon));
    if (!epoch)
      return std::nullopt;
    out.epoch = *epoch;
    version.remove_prefix(colon + 1);
  }
  const auto dash = version.rfind('-');
  out.upstream = version.substr(0, dash);
  if (dash != version.npos)
    out.revision = version.substr(dash + 1);
  for (const char c : version)
    if (!is_digit(c) && !is_letter(c) &&
        std::string_view(".+-~:").find(c) == std::string_view::npos)
      return std::nullopt;
  if (out.upstream.empty() || (dash != version.npos && out.revision.empty()))
    return std::nullopt;
  return out;
}

/// The weight of a character where no digits stand; the end and digits weigh 0.
int weight(std::string_view text) {
  if (text.empty() || is_digit(text[0]))
    return 0;
  if (text[0] == '~')
    return -1;
  return is_letter(text[0]) ? text[0] : text[0] + 256;
}

std::string_view take_number(std::string_view& text) {
  const auto length = std::min(text.find_first_not_of("0123456789"), text.size());
  auto number = text.substr(0, length);
  text.remove_prefix(length);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

std::weak_ordering compare(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a[0])) || (!b.empty() && !is_digit(b[0]))) {
      if (const auto order = weight(a) <=> weight(b); order != 0)
        return order;
      a.remove_prefix(std::size_t{!a.empty()});
      b.remove_prefix(std::size_t{!b.empty()});
    }
    const auto left = take_number(a), right = take_number(b);
    if (left.size() != right.size())
      return left.size() <=> right.size();
    if (const auto order = left.compare(right) <=> 0; order != 0)
      return order;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace

std::optional<std::weak_ordering> compare_debian_versions(std::string_view a, std::string_view b) {
  const auto left = parts_of(a), right = parts_of(b);
  if (!left || !right)
    return std::nullopt;
  if (left->epoch != right->epoch)
    return left->epoch <=> right->epoch;
  if (const auto order = compare(left->upstream, right->upstream); order != 0)
    return order;
  return compare(left->revision, right->revision);
}

}  // namespace cullet::environment
