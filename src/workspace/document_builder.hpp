// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/eventhandler.h>

#include "document.hpp"

namespace cullet::workspace {

/// Builds a Node from yaml-cpp's events and refuses, while they come, what a workspace file may not
/// hold. Its depth is bounded here, before yaml-cpp's recursion can go deep.
class DocumentBuilder final : public YAML::EventHandler {
 public:
  /// `text` and `file` must outlive the builder and what it makes.
  DocumentBuilder(std::string_view text, const std::string& file);

  /// The document, or nullopt when there was none.
  std::optional<Node> take() { return std::move(root_); }
  [[nodiscard]] Position position(const YAML::Mark& mark) const;

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

 private:
  /// A list or map whose entries are still coming.
  struct Open {
    Node node;
    std::optional<Node> key;  ///< of a map: the key that waits for its value
    std::set<std::string> keys;
  };

  [[nodiscard]] Node make(Node::Type type,
                          const YAML::Mark& mark,
                          const std::string& tag,
                          YAML::anchor_t anchor) const;
  void open(Node node);
  void close();
  void add(Node node);
  void add_key(Open& map, Node key) const;

  std::string_view text_;
  const std::string& file_;
  std::vector<std::size_t> line_starts_;
  std::vector<Open> open_;
  std::optional<Node> root_;
  bool started_ = false;
};

}  // namespace cullet::workspace
