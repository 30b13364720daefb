// SPDX-License-Identifier: Apache-2.0
#include "patch_path.hpp"

#include <algorithm>

#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

#include "tree_name.hpp"

namespace cullet::source {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// "1970-01-01 00:00:00.000000000 +0000", "Thu Jan  1 00:00:00 1970": whether text starts a date.
bool starts_date(std::string_view text) {
  if (text.size() < 10)
    return false;
  const bool iso = std::all_of(text.begin(), text.begin() + 4, is_digit) && text[4] == '-' &&
                   is_digit(text[5]) && is_digit(text[6]) && text[7] == '-';
  constexpr std::string_view kDays[] = {"Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "};
  return iso || std::any_of(std::begin(kDays), std::end(kDays), [&](auto day) {
           return text.starts_with(day) && text.size() > 20;
         });
}

/// Midnight of the epoch in any time zone: the evening before, in America.
bool is_epoch(std::string_view date) {
  const bool zero = date.find(":00:00") != date.npos || date.find(":30:00") != date.npos ||
                    date.find(":45:00") != date.npos;
  const bool day = date.find("1970-01-01") != date.npos || date.find("1969-12-31") != date.npos ||
                   (date.find("1970") != date.npos && date.find("Jan  1") != date.npos) ||
                   (date.find("1969") != date.npos && date.find("Dec 31") != date.npos);
  return zero && day;
}

/// The length of the quoted word at the start of `text`, or nullopt.
std::optional<std::size_t> quoted_length(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> unquote(std::string_view text) {
  if (!text.starts_with('"'))
    return std::string(text);
  if (quoted_length(text) != text.size())
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  constexpr std::string_view kLetters = "abtnvfr\"\\";
  constexpr std::string_view kMeanings = "\a\b\t\n\v\f\r\"\\";
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    if (++i == text.size())
      return std::nullopt;
    if (const auto known = kLetters.find(text[i]); known != kLetters.npos) {
      result += kMeanings[known];
      continue;
    }
    unsigned value = 0;
    if (i + 3 > text.size())
      return std::nullopt;
    for (const char c : text.substr(i, 3)) {
      if (c < '0' || c > '7')
        return std::nullopt;
      value = value * 8 + static_cast<unsigned>(c - '0');
    }
    if (value > 255)
      return std::nullopt;
    result += static_cast<char>(value);
    i += 2;
  }
  return result;
}

std::optional<HeaderName> parse_header_name(std::string_view text) {
  if (text.starts_with('"')) {
    const auto length = quoted_length(text);
    auto name = length ? unquote(text.substr(0, *length)) : std::nullopt;
    if (!name)
      return std::nullopt;
    return HeaderName{std::move(*name), is_epoch(text.substr(*length))};
  }
  auto end = text.find('\t');
  for (auto blank = text.find(' '); end == text.npos && blank != text.npos;
       blank = text.find(' ', blank + 1))
    if (starts_date(text.substr(blank + 1)))
      end = blank;
  const auto name = trim(text.substr(0, end));
  return HeaderName{std::string(name), end != text.npos && is_epoch(text.substr(end))};
}

std::optional<std::string> strip_path(std::string_view path, int strip) {
  if (path.starts_with('/'))
    return std::nullopt;
  for (int i = 0; i < strip; ++i) {
    const auto slash = path.find('/');
    if (slash == path.npos)
      return std::nullopt;
    path.remove_prefix(slash + 1);
    while (path.starts_with('/'))
      path.remove_prefix(1);
  }
  const auto parsed = RelativePath::parse(path);
  if (!parsed)
    return std::nullopt;
  for (const auto& part : split(parsed->str(), '/'))
    if (!is_tree_name(part))
      return std::nullopt;
  return parsed->str();
}

std::optional<std::string> parse_git_names(std::string_view text, int strip) {
  if (text.starts_with('"')) {
    const auto length = quoted_length(text);
    const auto name = length ? unquote(text.substr(0, *length)) : std::nullopt;
    return name ? strip_path(*name, strip) : std::nullopt;
  }
  for (auto blank = text.find(' '); blank != text.npos; blank = text.find(' ', blank + 1)) {
    const auto left = strip_path(text.substr(0, blank), strip);
    const auto second = unquote(text.substr(blank + 1));
    if (left && second && left == strip_path(*second, strip))
      return left;
  }
  return std::nullopt;
}

}  // namespace cullet::source
