// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cullet {

/// Shell-like pattern over RelativePath text, as recipes' `outputs:` use it: `*` and `?` don't
/// match '/', `**` as a whole component matches any number of components (none too), `[abc]`,
/// `[a-z]` and `[!abc]` are classes; every other byte stands for itself, a backslash and a leading
/// '.' included. A pattern that matches a directory also stands for everything below it. Matching
/// is bytewise and linear in the path's length for patterns without `**`, never exponential.
class Glob {
 public:
  /// Throws Kind::input for a malformed pattern ("..", absolute, unclosed '[', `a**`, nothing).
  explicit Glob(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view path) const;
  [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }

 private:
  std::string pattern_;
  std::vector<std::string> components_;
};

}  // namespace cullet
