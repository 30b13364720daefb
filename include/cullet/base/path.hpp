// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace cullet {

/// A path inside some root, as it is stored in trees and layers. Invariant: not empty, relative,
/// components separated by single '/', none of them empty, "." or "..", no NUL byte. It may hold
/// any other byte, newlines and invalid UTF-8 included. Ordered bytewise.
class RelativePath {
 public:
  /// Normalises "./a//b/" to "a/b"; nullopt for what can't be inside a root ("..", NUL) or is the
  /// root itself. A leading '/' is accepted only where `absolute_ok`, and then dropped.
  static std::optional<RelativePath> parse(std::string_view text, bool absolute_ok = false);

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  /// nullopt when the parent is the root.
  [[nodiscard]] std::optional<RelativePath> parent() const;
  [[nodiscard]] std::string_view name() const;

  friend auto operator<=>(const RelativePath&, const RelativePath&) = default;
  friend std::ostream& operator<<(std::ostream& out, const RelativePath& path) {
    return out << path.text_;
  }

 private:
  explicit RelativePath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace cullet
