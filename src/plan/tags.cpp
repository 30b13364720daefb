// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/tags.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/carried.hpp"

namespace cullet::plan {

namespace {

constexpr std::string_view kVersion = "{version}";
constexpr std::string_view kNumber = "{n}";

/// Without a version the marks that set it apart go, too: "{version}-bg.{n}" is "bg.{n}".
std::string tag_with(const std::string& pattern, const std::string& version) {
  auto text = with_version(pattern, version);
  if (version.empty())
    text.erase(0, text.find_first_not_of("-._"));
  return text;
}

}  // namespace

std::string with_version(std::string text, std::string_view version) {
  for (auto at = text.find(kVersion); at != std::string::npos;
       at = text.find(kVersion, at + version.size()))
    text.replace(at, kVersion.size(), version);
  return text;
}

std::string version_tag(std::string version) {
  std::replace_if(
      version.begin(), version.end(), [](char c) { return c == '~' || c == '+' || c == ':'; }, '_');
  return version;
}

std::string TagRules::break_glass(std::uint64_t number) const {
  return cat(before_number, number, after_number);
}

std::optional<std::uint64_t> TagRules::number_of(std::string_view tag) const {
  if (tag.size() <= before_number.size() + after_number.size() || !tag.starts_with(before_number) ||
      !tag.ends_with(after_number))
    return std::nullopt;
  tag.remove_prefix(before_number.size());
  tag.remove_suffix(after_number.size());
  const auto number = parse_number(tag);
  return number && std::to_string(*number) == tag ? number : std::nullopt;
}

bool says_version(std::string_view tag, std::string_view of) {
  const auto goes_on = [](std::string_view text) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    return digit(0) || (!text.empty() && text[0] == '.' && digit(1));
  };
  if (of.empty())
    return false;
  const auto version = version_tag(std::string(of));
  for (auto at = tag.find(version); at != tag.npos; at = tag.find(version, at + 1)) {
    const char before = at == 0 ? '-' : tag[at - 1];
    if (!(before >= '0' && before <= '9') && before != '.' &&
        !goes_on(tag.substr(at + version.size())))
      return true;
  }
  return false;
}

TagRules tag_rules(const workspace::Workspace& workspace, const workspace::Recipe& recipe) {
  const auto version =
      version_tag(recipe.fork.empty() ? "" : workspace.forks.at(recipe.fork).version);
  TagRules rules;
  auto patterns = recipe.image->tags;
  if (patterns.empty())
    patterns.emplace_back(kVersion);
  for (const auto& pattern : patterns) {
    const bool fixed = pattern.find(kVersion) != std::string::npos;
    if (!fixed || !version.empty())
      rules.tags.push_back({tag_with(pattern, version), fixed});
  }
  if (rules.tags.empty())
    rules.tags.push_back({"latest", false});
  rules.patched = !PatchedForks(workspace).of_image(recipe).empty();
  const auto pattern = tag_with(workspace.config.break_glass_tag, version);
  const auto at = pattern.find(kNumber);
  rules.before_number = pattern.substr(0, at);
  rules.after_number = pattern.substr(at + kNumber.size());
  return rules;
}

}  // namespace cullet::plan
