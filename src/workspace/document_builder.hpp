// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "document.hpp"

namespace cullet::workspace {

/// Where something stands in the file, counted from 1.
struct Mark {
  int line = 0, column = 0;
};

/// Builds a Node from a parser's events and refuses, while they come, what a workspace file may not
/// hold.
class DocumentBuilder {
 public:
  /// `file` must outlive the builder and what it makes.
  explicit DocumentBuilder(const std::string& file) : file_(file) {}

  void start_document(Mark at);
  /// `plain`: without quotes. A plain scalar that is empty, "~" or "null" is a null.
  void scalar(Mark at, bool plain, std::string text);
  void open(Node::Type type, Mark at);
  void close();

  /// The document, or nullopt when there was none.
  std::optional<Node> take() { return std::move(root_); }

 private:
  /// A list or map whose entries are still coming.
  struct Open {
    Node node;
    std::optional<Node> key;     ///< of a map: the key that waits for its value
    std::set<std::string> keys;  ///< of a map with many: searching its entries would take long
  };

  [[nodiscard]] Node make(Node::Type type, Mark at) const;
  [[nodiscard]] Error error(Mark at, std::string_view message) const;
  void add(Node node);
  void add_key(Open& map, Node key) const;

  const std::string& file_;
  std::vector<Open> open_;
  std::optional<Node> root_;
  bool started_ = false;
};

}  // namespace cullet::workspace
