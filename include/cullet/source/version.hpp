// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cullet::source {

/// A version as projects write it into their tags, ordered as people mean it:
///   1.2.9 < 1.2.10                       numbers count as numbers, of any length; 1.2 < 1.2.0
///   1.0-alpha < 1.0b2 < 1.0-rc.1 < 1.0   words of a pre-release come before the release
///   1.1.1 < 1.1.1a < 1.1.1b              a letter alone comes after (OpenSSL)
///   1.0 < 1.0-p1, 1.0-post1, 1.0-2       so do words of a later one
///   1.0-final = 1.0 = 1.0+build          these two say nothing
/// Any other word after '-' or '~' is a pre-release, as semver has it. Separators are equal to each
/// other. A value type.
class Version {
 public:
  /// What of a tag is its version: what follows `prefix` (the text of a pattern up to its first
  /// wildcard, where the tag begins with it), without letters and separators before the first
  /// digit, and without a name that ends in digits (pcre2-10.42). nullopt where no digit is, or
  /// something that a pin's version can't hold.
  static std::optional<Version> parse(std::string_view tag, std::string_view prefix = {});

  /// As it stands in the tag: "1.22.1" of release-1.22.1; '_' between digits is '.'.
  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] bool prerelease() const noexcept { return prerelease_; }

  /// Equal ones may differ in text.
  friend std::weak_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }

 private:
  struct Part {
    int rank = 0;        ///< of what kind: pre-releases below 0, the end is 0, numbers above
    std::string number;  ///< decimal without leading zeros
    std::string word;
  };
  std::string text_;
  std::vector<Part> parts_;
  bool prerelease_ = false;
};

}  // namespace cullet::source
