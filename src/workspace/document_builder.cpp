// SPDX-License-Identifier: Apache-2.0
#include "document_builder.hpp"

#include <algorithm>

#include "cullet/base/text.hpp"

namespace cullet::workspace {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kFewKeys = 16;

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

Node DocumentBuilder::make(Node::Type type, Mark at) const {
  Node node;
  node.type = type;
  node.file = &file_;
  node.line = at.line;
  node.column = at.column;
  return node;
}

Error DocumentBuilder::error(Mark at, std::string_view message) const {
  return error_at({file_, at.line, at.column}, message);
}

void DocumentBuilder::start_document(Mark at) {
  if (started_)
    throw error(at, "a second document: one file holds one");
  started_ = true;
}

void DocumentBuilder::scalar(Mark at, bool plain, std::string text) {
  auto node = make(plain && is_null(text) ? Node::Type::null : Node::Type::scalar, at);
  node.plain = plain;
  if (node.type == Node::Type::scalar)
    node.scalar = std::move(text);
  add(std::move(node));
}

void DocumentBuilder::open(Node::Type type, Mark at) {
  auto node = make(type, at);
  if (open_.size() >= kMaxDepth)
    throw error(at, cat("nested deeper than ", kMaxDepth, " levels"));
  if (!open_.empty() && open_.back().node.type == Node::Type::map && !open_.back().key)
    throw error(at, "a key must be text");
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
    if (node.type == Node::Type::null) {  // nothing is written there, or as good as nothing
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
  auto& entries = map.node.entries;
  const auto find = [&](const std::string& text) {
    return std::find_if(entries.begin(), entries.end(), [&](const MapEntry& entry) {
      return entry.key.scalar == text;
    });
  };
  if (entries.size() == kFewKeys)
    for (const auto& entry : entries)
      map.keys.insert(entry.key.scalar);
  const bool twice = entries.size() < kFewKeys ? find(key.scalar) != entries.end()
                                               : !map.keys.insert(key.scalar).second;
  if (twice)
    throw error_at(key.at(), cat("'", printable(key.scalar), "' is given twice"))
        .detail(cat("first at ", find(key.scalar)->key.at().str()));
  key.role = Node::Role::key;
  key.label = map.node.label;
  map.key = std::move(key);
}

}  // namespace cullet::workspace
