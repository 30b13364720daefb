// SPDX-License-Identifier: Apache-2.0
#include "challenge.hpp"

#include <cstddef>

#include "cullet/base/text.hpp"

namespace cullet::registry {
namespace {

constexpr std::size_t kMaxChallenges = 16;
constexpr std::size_t kMaxParameters = 32;

/// RFC 9110, section 5.6.2.
bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  void skip_spaces() {
    while (!done() && (text_[at_] == ' ' || text_[at_] == '\t'))
      ++at_;
  }
  /// Past what can't be read, to the next comma.
  void skip_element() {
    while (!done() && text_[at_] != ',')
      ++at_;
  }
  void skip_commas() {
    skip_spaces();
    while (take(','))
      skip_spaces();
  }
  bool take(char c) {
    if (done() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }
  std::string_view token() {
    const auto start = at_;
    while (!done() && is_token(text_[at_]))
      ++at_;
    return text_.substr(start, at_ - start);
  }
  /// A token or a quoted string, after "=".
  std::string value() {
    if (!take('"'))
      return std::string(token());
    std::string out;
    while (!done() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size())
        ++at_;
      out += text_[at_++];
    }
    take('"');
    return out;
  }
  [[nodiscard]] std::size_t position() const { return at_; }
  void back_to(std::size_t position) { at_ = position; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Reads "name = value"; false, with nothing read, where something else stands.
bool take_parameter(Scanner& scanner, Challenge& challenge) {
  const auto start = scanner.position();
  const auto name = scanner.token();
  scanner.skip_spaces();
  if (name.empty() || !scanner.take('=')) {
    scanner.back_to(start);
    return false;
  }
  scanner.skip_spaces();
  auto value = scanner.value();
  if (challenge.parameters.size() < kMaxParameters)
    challenge.parameters.emplace(lower_case(name), std::move(value));
  return true;
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Scanner scanner(header);
  for (scanner.skip_commas(); !scanner.done(); scanner.skip_commas()) {
    // After a comma comes a further parameter of the last challenge or a new challenge.
    const bool more = !challenges.empty() && take_parameter(scanner, challenges.back());
    if (!more) {
      const auto scheme = scanner.token();
      if (!scheme.empty() && challenges.size() < kMaxChallenges) {
        challenges.push_back({.scheme = lower_case(scheme), .parameters = {}});
        scanner.skip_spaces();
        take_parameter(scanner, challenges.back());
      }
    }
    scanner.skip_spaces();
    scanner.skip_element();
  }
  return challenges;
}

}  // namespace cullet::registry
