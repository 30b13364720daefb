// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cullet::source {

/// The name on a "--- " or "+++ " line: C-quoted, or up to a tab or to a date that follows it.
struct HeaderName {
  std::string name;
  bool epoch = false;  ///< dated 1970-01-01: how diff -N says that there is no such file
  [[nodiscard]] bool absent() const { return name == "/dev/null"; }
};
/// nullopt for a quoted name that isn't closed.
std::optional<HeaderName> parse_header_name(std::string_view text);

/// Undoes git's quoting, if there is any: "\"a\\303\\244\"". nullopt when it is malformed.
std::optional<std::string> unquote(std::string_view text);

/// The path without `strip` components, checked: nullopt when it has too few, is absolute, holds
/// ".." or a component ".git".
std::optional<std::string> strip_path(std::string_view path, int strip);

/// The one path that "a/x b/x" (from "diff --git") names, which may hold blanks.
std::optional<std::string> parse_git_names(std::string_view text, int strip);

}  // namespace cullet::source
