// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/error.hpp"

#include "inside.hpp"

namespace cullet::image {

namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return out;
}

Guess order_of(std::string_view what) {
  return {Cause::order, cat("the same ", what, " stand in another order")};
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Walks two JSON values at once. Their depth is bounded by parse_json().
class JsonWalk {
 public:
  JsonWalk(const DifferenceOptions& known, std::vector<Finding>& out) : known_(known), out_(out) {}

  void walk(const Json& a, const Json& b, const std::string& pointer) {
    if (out_.size() >= kMostFindings || a == b)
      return;
    if (a.is_object() && b.is_object()) {
      objects(a, b, pointer);
    } else if (a.is_array() && b.is_array()) {
      arrays(a, b, pointer);
    } else {
      const auto first = value_text(a), second = value_text(b);
      // A value's name says what it is as words before it in a line would.
      const auto head = pointer + " ";
      add(pointer, instead(first, second), guess_from_text(head + first, head + second, known_));
    }
  }

 private:
  void objects(const Json& a, const Json& b, const std::string& pointer) {
    for (const auto& [key, value] : a.items()) {
      const auto here = cat(pointer, "/", key);
      if (const auto other = b.find(key); other != b.end())
        walk(value, *other, here);
      else
        add_own(here, "first", value);
    }
    for (const auto& [key, value] : b.items())
      if (!a.contains(key))
        add_own(cat(pointer, "/", key), "second", value);
  }

  void arrays(const Json& a, const Json& b, const std::string& pointer) {
    const auto texts = [](const Json& array) {
      std::vector<std::string> out;
      for (const auto& value : array)
        out.push_back(value.dump());
      return out;
    };
    const auto first = texts(a), second = texts(b);
    if (same_in_other_order(Lines(first.begin(), first.end()), Lines(second.begin(), second.end())))
      return add(pointer, cat(a.size(), " elements"), order_of("elements"));
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      walk(a[i], b[i], cat(pointer, "/", i));
    for (auto i = b.size(); i < a.size(); ++i)
      add_own(cat(pointer, "/", i), "first", a[i]);
    for (auto i = a.size(); i < b.size(); ++i)
      add_own(cat(pointer, "/", i), "second", b[i]);
  }

  void add_own(const std::string& pointer, std::string_view which, const Json& value) {
    if (out_.size() < kMostFindings)
      add(pointer, cat("only in the ", which, ": '", excerpt(value_text(value)), "'"), {});
  }

  void add(const std::string& pointer, std::string what, Guess guess) {
    if (out_.size() < kMostFindings)
      out_.push_back(
          finding(pointer.empty() ? "JSON" : excerpt(pointer), std::move(what), std::move(guess)));
  }

  const DifferenceOptions& known_;
  std::vector<Finding>& out_;
};

}  // namespace

std::vector<Finding> json_findings(const Json& first,
                                   const Json& second,
                                   const DifferenceOptions& known) {
  std::vector<Finding> out;
  JsonWalk(known, out).walk(first, second, "");
  return out;
}

Inside::Findings Inside::in_json(std::string_view first, std::string_view second) {
  // Written otherwise, but the same to a reader: the lines tell.
  return json_findings(parse_json(first, "it"), parse_json(second, "it"), options_);
}

Inside::Findings Inside::in_text(std::string_view first, std::string_view second) {
  constexpr std::size_t kShownLines = 5;
  const auto a = lines_of(first), b = lines_of(second);
  if (same_in_other_order(a, b))
    return {finding("lines", cat(a.size(), " lines"), order_of("lines"))};
  Findings out;
  std::size_t differing = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i])
      continue;
    // In texts of another length, lines behind the first don't stand where they stood.
    if (++differing > kShownLines || (differing > 1 && a.size() != b.size()))
      continue;
    auto guess = guess_from_text(a[i], b[i], options_);
    const auto words = [](std::string_view line) {
      Lines parts;
      for (std::size_t at = 0; at < line.size();) {
        const auto end = std::min(line.find_first_of(" ,;:\t", at), line.size());
        if (end > at)
          parts.push_back(line.substr(at, end - at));
        at = end + 1;
      }
      return parts;
    };
    if (guess.cause == Cause::unknown && same_in_other_order(words(a[i]), words(b[i])))
      guess = order_of("words");
    out.push_back(finding(cat("line ", i + 1), instead(a[i], b[i]), std::move(guess)));
  }
  if (a.size() != b.size())
    out.push_back(finding("lines", cat(a.size(), " and ", b.size(), " lines"), {}));
  else if (differing > kShownLines)
    out.push_back(finding("lines", cat(differing, " of ", a.size(), " lines differ"), {}));
  return out;
}

}  // namespace cullet::image
