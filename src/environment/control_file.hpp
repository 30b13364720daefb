// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cullet::environment {

/// One paragraph of a Debian control file (deb822(5)): of a package's control, of apt's records, of
/// a .sources file. Field names don't depend on case. A value keeps its line breaks, without the
/// space that continues it.
class ControlParagraph {
 public:
  void add(std::string name, std::string value);
  void append_line(std::string_view line);
  [[nodiscard]] const std::string* find(std::string_view name) const;
  /// The value, or nothing.
  [[nodiscard]] std::string get(std::string_view name) const;
  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

inline constexpr std::size_t kMaxFields = 1000;

/// The paragraphs of a file; `name` is for errors. Lines that begin with '#' are comments. Throws
/// Kind::input naming the line for what is no field, a field given twice, control characters, and
/// paragraphs of more than kMaxFields.
std::vector<ControlParagraph> parse_control(std::string_view text, std::string_view name);

/// The words of a value, split at any white space.
std::vector<std::string> words(std::string_view value);

/// Whether two ASCII words are the same but for case.
bool same_word(std::string_view a, std::string_view b);

}  // namespace cullet::environment
