// SPDX-License-Identifier: Apache-2.0
#include "document_builder.hpp"

#include <algorithm>

#include <yaml-cpp/mark.h>

#include "cullet/base/text.hpp"

namespace cullet::workspace {
namespace {

constexpr std::size_t kMaxDepth = 32;

}  // namespace

DocumentBuilder::DocumentBuilder(std::string_view text, const std::string& file)
    : text_(text), file_(file), line_starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n')
      line_starts_.push_back(i + 1);
}

Position DocumentBuilder::position(const YAML::Mark& mark) const {
  if (mark.is_null())
    return {file_, 1, 1};
  // yaml-cpp counts bytes; people and editors count characters.
  const auto line = std::min(static_cast<std::size_t>(mark.line), line_starts_.size() - 1);
  const auto before = text_.substr(line_starts_[line], static_cast<std::size_t>(mark.column));
  const auto characters = std::count_if(before.begin(), before.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  return {file_, mark.line + 1, static_cast<int>(characters) + 1};
}

Node DocumentBuilder::make(Node::Type type,
                           const YAML::Mark& mark,
                           const std::string& tag,
                           YAML::anchor_t anchor) const {
  const auto at = position(mark);
  if (anchor != YAML::NullAnchor)
    throw error_at(at, "anchors and aliases are not used here").hint("write the value out");
  // yaml-cpp gives "?" to plain scalars, "!" to quoted ones, and either to collections.
  if (!tag.empty() && tag != "?" && tag != "!")
    throw error_at(at, cat("tags are not used here: '", printable(tag), "'"));
  Node node;
  node.type = type;
  node.plain = tag == "?";
  node.file = &file_;
  node.line = at.line;
  node.column = at.column;
  return node;
}

void DocumentBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (started_)
    throw error_at(position(mark), "a second document: one file holds one");
  started_ = true;
}

void DocumentBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  add(make(Node::Type::null, mark, "", anchor));
}

void DocumentBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  add(make(Node::Type::null, mark, "", anchor));
}

void DocumentBuilder::OnScalar(const YAML::Mark& mark,
                               const std::string& tag,
                               YAML::anchor_t anchor,
                               const std::string& value) {
  auto node = make(Node::Type::scalar, mark, tag, anchor);
  node.scalar = value;
  add(std::move(node));
}

void DocumentBuilder::OnSequenceStart(const YAML::Mark& mark,
                                      const std::string& tag,
                                      YAML::anchor_t anchor,
                                      YAML::EmitterStyle::value /*style*/) {
  open(make(Node::Type::list, mark, tag, anchor));
}

void DocumentBuilder::OnMapStart(const YAML::Mark& mark,
                                 const std::string& tag,
                                 YAML::anchor_t anchor,
                                 YAML::EmitterStyle::value /*style*/) {
  open(make(Node::Type::map, mark, tag, anchor));
}

void DocumentBuilder::open(Node node) {
  if (open_.size() >= kMaxDepth)
    throw error_at(node.at(), cat("nested deeper than ", kMaxDepth, " levels"));
  if (!open_.empty() && open_.back().node.type == Node::Type::map && !open_.back().key)
    throw error_at(node.at(), "a key must be text");
  // The label is known now, and the entries that follow want it.
  if (!open_.empty()) {
    const auto& parent = open_.back();
    const bool entry = parent.node.type == Node::Type::list;
    node.role = entry ? Node::Role::entry : Node::Role::value;
    node.label = entry ? parent.node.label : parent.key->scalar;
  }
  open_.push_back({std::move(node), std::nullopt, {}});
}

void DocumentBuilder::close() {
  auto node = std::move(open_.back().node);
  open_.pop_back();
  add(std::move(node));
}

void DocumentBuilder::add(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  auto& parent = open_.back();
  if (parent.node.type == Node::Type::list) {
    node.role = Node::Role::entry;
    node.label = parent.node.label;
    parent.node.items.push_back(std::move(node));
  } else if (!parent.key) {
    add_key(parent, std::move(node));
  } else {
    node.label = parent.key->scalar;
    if (node.type == Node::Type::null) {  // yaml-cpp puts it where the next token is
      node.line = parent.key->line;
      node.column = parent.key->column;
    }
    parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
    parent.key.reset();
  }
}

void DocumentBuilder::add_key(Open& map, Node key) const {
  if (key.type != Node::Type::scalar)
    throw error_at(key.at(), "a key must be text");
  if (key.plain && key.scalar == "<<")
    throw error_at(key.at(), "merge keys are not used here").hint("write the values out");
  if (!map.keys.insert(key.scalar).second) {
    const auto& entries = map.node.entries;
    const auto first = std::find_if(entries.begin(), entries.end(), [&](const MapEntry& entry) {
      return entry.key.scalar == key.scalar;
    });
    throw error_at(key.at(), cat("'", printable(key.scalar), "' is given twice"))
        .detail(cat("first at ", first->key.at().str()));
  }
  key.role = Node::Role::key;
  key.label = map.node.label;
  map.key = std::move(key);
}

}  // namespace cullet::workspace
