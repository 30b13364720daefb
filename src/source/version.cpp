// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/version.hpp"

#include <algorithm>

#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

constexpr std::size_t kMaxLength = 256;

// Where a word puts what follows it, against the end of a version (0) and a further number.
constexpr int kUnknown = -5, kDevelopment = -6, kAlpha = -4, kBeta = -3, kCandidate = -1;
constexpr int kEnd = 0, kLater = 1, kLetter = 2, kNumber = 3;

struct Word {
  std::string_view text;
  int rank;
};
constexpr Word kWords[] = {
    {"dev", kDevelopment},
    {"nightly", kDevelopment},
    {"snapshot", kDevelopment},
    {"alpha", kAlpha},
    {"beta", kBeta},
    {"m", kBeta},
    {"milestone", kBeta},
    {"pre", kBeta},
    {"preview", kBeta},
    {"test", kBeta},
    {"rc", kCandidate},
    {"cr", kCandidate},
    {"candidate", kCandidate},
    {"final", kEnd},
    {"release", kEnd},
    {"stable", kEnd},
    {"ga", kEnd},
    {"lts", kEnd},
    {"p", kLater},
    {"pl", kLater},
    {"patch", kLater},
    {"post", kLater},
    {"rev", kLater},
    {"r", kLater},
    {"fix", kLater},
    {"hotfix", kLater},
    {"sp", kLater},
    {"update", kLater},
    {"u", kLater},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What a pin's version may hold.
bool is_wanted(char c) {
  return is_digit(c) || is_letter(c) ||
         std::string_view("._-+~:").find(c) != std::string_view::npos;
}

int rank_of(const std::string& word, bool number_follows, char before) {
  const bool apart = before == '-' || before == '~';
  if (word.size() == 1 && !number_follows && !apart)
    return kLetter;
  if (word == "a" || word == "b")
    return word == "a" ? kAlpha : kBeta;
  for (const auto& known : kWords)
    if (known.text == word)
      return known.rank;
  return word.size() == 1 && !apart ? kLetter : kUnknown;
}

/// Where the version begins: at the first digit, unless that ends a name, as in pcre2-10.42.
std::size_t begin_of(std::string_view tag) {
  const auto first = tag.find_first_of("0123456789");
  if (first == tag.npos || first < 2 || !is_letter(tag[first - 1]) || !is_letter(tag[first - 2]))
    return first;
  const auto end = tag.find_first_not_of("0123456789", first);
  const bool name = end != tag.npos && (tag[end] == '-' || tag[end] == '_') &&
                    end + 1 < tag.size() && is_digit(tag[end + 1]);
  return name ? end + 1 : first;
}

std::weak_ordering compare_numbers(const std::string& a, const std::string& b) {
  if (a.size() != b.size())
    return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

}  // namespace

std::optional<Version> Version::parse(std::string_view tag, std::string_view prefix) {
  if (tag.starts_with(prefix))
    tag.remove_prefix(prefix.size());
  const auto first = begin_of(tag);
  if (first == tag.npos || tag.size() > kMaxLength ||
      !std::all_of(tag.begin() + static_cast<std::ptrdiff_t>(first), tag.end(), is_wanted))
    return std::nullopt;
  Version version;
  version.text_ = tag.substr(first);
  auto& text = version.text_;
  for (std::size_t i = 1; i + 1 < text.size(); ++i)
    if (text[i] == '_' && is_digit(text[i - 1]) && is_digit(text[i + 1]))
      text[i] = '.';
  char before = '.';
  for (std::size_t i = 0; i < text.size() && text[i] != '+';) {
    if (!is_digit(text[i]) && !is_letter(text[i])) {
      before = text[i++];
      continue;
    }
    const bool number = is_digit(text[i]);
    auto end = i;
    while (end < text.size() && (number ? is_digit(text[end]) : is_letter(text[end])))
      ++end;
    auto word = text.substr(i, end - i);
    Part part;
    if (number) {
      part.rank = kNumber;
      part.number = word.substr(std::min(word.find_first_not_of('0'), word.size() - 1));
    } else {
      word = lower_case(word);
      part.rank = rank_of(word, end < text.size() && is_digit(text[end]), before);
      part.word = part.rank == kUnknown || part.rank == kLetter ? word : std::string();
    }
    version.prerelease_ = version.prerelease_ || part.rank < kEnd;
    if (part.rank != kEnd)
      version.parts_.push_back(std::move(part));
    before = '\0';
    i = end;
  }
  return version;
}

std::weak_ordering operator<=>(const Version& a, const Version& b) {
  static const Version::Part end;
  for (std::size_t i = 0; i < std::max(a.parts_.size(), b.parts_.size()); ++i) {
    const auto& left = i < a.parts_.size() ? a.parts_[i] : end;
    const auto& right = i < b.parts_.size() ? b.parts_[i] : end;
    if (left.rank != right.rank)
      return left.rank <=> right.rank;
    if (const auto order = compare_numbers(left.number, right.number); order != 0)
      return order;
    if (const auto order = left.word.compare(right.word) <=> 0; order != 0)
      return order;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace cullet::source
