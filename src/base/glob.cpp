// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/glob.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

namespace cullet {

namespace {

constexpr std::string_view kAnyDepth = "**";

/// Where the class that opens at `pattern[open]` closes; npos when it does not. A ']' right after
/// the opening (or the '!') is a member, as in the shell.
std::size_t class_end(std::string_view pattern, std::size_t open) {
  auto first = open + 1;
  if (first < pattern.size() && (pattern[first] == '!' || pattern[first] == '^'))
    ++first;
  return pattern.find(']', first + 1);
}

struct Members {
  std::string_view text;
  bool negated = false;
};

Members members(std::string_view pattern, std::size_t open, std::size_t close) {
  auto text = pattern.substr(open + 1, close - open - 1);
  const bool negated = text.starts_with('!') || text.starts_with('^');
  if (negated)
    text.remove_prefix(1);
  return {text, negated};
}

bool is_range(std::string_view text) {
  return text.size() >= 3 && text[1] == '-';
}

bool class_has(const Members& set, char wanted) {
  const auto code = [](char c) { return static_cast<unsigned char>(c); };
  for (auto text = set.text; !text.empty();) {
    const bool range = is_range(text);
    if (code(text[0]) <= code(wanted) && code(wanted) <= code(text[range ? 2 : 0]))
      return !set.negated;
    text.remove_prefix(range ? 3 : 1);
  }
  return set.negated;
}

/// Matches the pattern's element at `at` against one byte; returns the index after the element, or
/// npos when it does not match. The element is not '*'.
std::size_t match_one(std::string_view pattern, std::size_t at, char byte) {
  if (pattern[at] == '?')
    return at + 1;
  if (pattern[at] != '[')
    return pattern[at] == byte ? at + 1 : pattern.npos;
  const auto close = class_end(pattern, at);
  return class_has(members(pattern, at, close), byte) ? close + 1 : pattern.npos;
}

/// Only the last '*' seen is ever tried again: an earlier one can't help where it fails, because
/// what stands between them has matched as early as possible.
bool component_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  auto star = pattern.npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    const auto next = p < pattern.size() ? match_one(pattern, p, text[t]) : pattern.npos;
    if (next != pattern.npos) {
      p = next;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

void check_component(std::string_view component, std::string_view pattern) {
  const auto refuse = [&](std::string_view why) {
    throw Error(Kind::input, cat("pattern '", pattern, "' is malformed: ", why));
  };
  if (component == "..")
    refuse("'..' leaves the tree");
  if (component != kAnyDepth && component.find(kAnyDepth) != component.npos)
    refuse("'**' must stand alone between slashes");
  for (std::size_t at = 0; at < component.size(); ++at) {
    if (component[at] != '[')
      continue;
    const auto close = class_end(component, at);
    if (close == component.npos)
      refuse("'[' is not closed; a literal '[' is written '[[]'");
    for (auto text = members(component, at, close).text; !text.empty();) {
      const bool range = is_range(text);
      if (range && static_cast<unsigned char>(text[0]) > static_cast<unsigned char>(text[2]))
        refuse(cat("the range '", text.substr(0, 3), "' is empty"));
      text.remove_prefix(range ? 3 : 1);
    }
    at = close;
  }
}

}  // namespace

Glob::Glob(std::string_view pattern) : pattern_(pattern) {
  if (pattern.starts_with('/'))
    throw Error(Kind::input, cat("pattern '", pattern, "' is malformed: it is absolute"))
        .hint("patterns are relative to the root of the tree: leave the leading '/' out");
  if (pattern.find('\0') != pattern.npos)
    throw Error(Kind::input, cat("pattern '", pattern, "' is malformed: it holds a NUL byte"));
  for (auto& component : split(pattern, '/')) {
    if (component.empty() || component == ".")
      continue;
    check_component(component, pattern);
    components_.push_back(std::move(component));
  }
  if (components_.empty())
    throw Error(Kind::input, cat("pattern '", pattern, "' is malformed: it names nothing"))
        .hint("'**' matches everything");
}

// The same walk as in component_matches(), one level up: components instead of bytes, "**" instead
// of '*'. It succeeds as soon as the pattern is used up, since what matches a directory stands for
// all that is below it.
bool Glob::matches(std::string_view path) const {
  std::size_t c = 0;
  auto star = components_.size();
  std::string_view star_path;
  for (auto rest = path;;) {
    while (c < components_.size() && components_[c] == kAnyDepth) {
      star = c++;
      star_path = rest;
    }
    if (c == components_.size())
      return true;
    if (rest.empty())
      return false;
    const auto part = rest.substr(0, rest.find('/'));
    if (component_matches(components_[c], part)) {
      ++c;
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    } else if (star < components_.size()) {
      const auto skipped = star_path.find('/');
      if (skipped == star_path.npos)
        return false;
      star_path.remove_prefix(skipped + 1);
      rest = star_path;
      c = star + 1;
    } else {
      return false;
    }
  }
}

}  // namespace cullet
