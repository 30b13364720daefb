// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {

struct MapEntry;

/// One node of a YAML document, with what an error needs to say about it. Made from the parser's
/// events: a library's own graph loses duplicate keys, and its recursion is not ours to bound.
struct Node {
  enum class Type { scalar, list, map, null };
  Type type = Type::null;
  std::string scalar;                 ///< as written, "1.10" stays "1.10"
  bool plain = false;                 ///< a scalar without quotes: only those can be true or 7
  std::vector<Node> items;            ///< of a list
  std::vector<MapEntry> entries;      ///< of a map, in the order of the file; keys are distinct
  const std::string* file = nullptr;  ///< outlives the document
  int line = 0, column = 0;
  enum class Role { value, entry, key };
  Role role = Role::value;
  std::string label;  ///< the key it stands under; of entries and keys: of their list or map

  [[nodiscard]] Position at() const { return {*file, line, column}; }
  /// "'timeout'", "an entry of 'needs'" or "a key of 'env'".
  [[nodiscard]] std::string describe() const;
};

struct MapEntry {
  Node key;  ///< a scalar
  Node value;
};

/// Parses one YAML document; `file` must outlive the result. Throws Kind::input with a position for
/// malformed YAML, duplicate keys, anchors, aliases, tags, merge keys, further documents, control
/// characters, bytes that are not UTF-8, nesting deeper than 32 and texts over 1 MiB.
Node parse_document(std::string_view text, const std::string& file);

inline constexpr std::size_t kMaxDocumentBytes = std::size_t{1} << 20U;

/// "FILE:LINE:COLUMN: MESSAGE", Kind::input.
Error error_at(const Position& at, std::string_view message);
/// error_at() with "did you mean 'X'?" where a known word is near, else the words as a list.
Error unknown_word(const Position& at,
                   std::string_view message,
                   std::string_view word,
                   const std::vector<std::string>& known);

}  // namespace cullet::workspace
