// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/edit_pin.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/workspace/edit.hpp"

#include "document.hpp"
#include "fields.hpp"

namespace cullet::workspace {
namespace {

/// Where a node's text begins; lines and columns count from 1, columns in characters.
std::size_t offset_of(std::string_view text, const Node& node) {
  std::size_t at = 0;
  for (int line = 1; line < node.line && at != text.npos; ++line) {
    at = text.find('\n', at);
    at = at == text.npos ? at : at + 1;
  }
  for (int column = 1; column < node.column && at < text.size(); ++column) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U)
      ++at;
  }
  return at;
}

/// Replaces a scalar, within its quotes; neither of the two has letters that YAML would escape.
void replace(std::string& text, const Node& node, const std::string& value) {
  auto at = offset_of(text, node);
  if (at < text.size() && !node.plain)
    ++at;
  if (at > text.size() || text.compare(at, node.scalar.size(), node.scalar) != 0)
    throw error_at(node.at(), "this can't be edited for you")
        .hint(cat("put '", value, "' there by hand"));
  text.replace(at, node.scalar.size(), value);
}

/// After the commit: on a line of its own, or in the same braces.
void insert_version(std::string& text, const Node& key, const Node& commit, const std::string& v) {
  const auto line_start = offset_of(text, key) - static_cast<std::size_t>(key.column - 1);
  const bool block = text.find_first_not_of(' ', line_start) == offset_of(text, key);
  auto at = offset_of(text, commit) + commit.scalar.size() + (commit.plain ? 0 : 2);
  if (!block) {
    text.insert(at, ", version: " + v);
    return;
  }
  at = std::min(text.find('\n', at), text.size());
  const bool crlf = at > 0 && text[at - 1] == '\r';
  text.insert(at,
              cat("\n",
                  std::string(static_cast<std::size_t>(key.column - 1), ' '),
                  "version: ",
                  v,
                  crlf ? "\r" : ""));
}

const MapEntry& entry(const Node& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(), [&](const auto& one) {
    return one.key.scalar == key;
  });
  if (found == map.entries.end())
    throw error_at(map.at(), cat("there is no '", key, "' to change"));
  return *found;
}

bool as_asked(const Fork& got, const Fork& was, const std::string& commit, const std::string& v) {
  return got.commit == commit && got.version == v && got.upstream == was.upstream &&
         got.url == was.url && got.track == was.track &&
         got.import.has_value() == was.import.has_value() &&
         std::equal(
             got.patches.begin(), got.patches.end(), was.patches.begin(), was.patches.end(), same);
}

}  // namespace

std::string edit_pin(std::string_view text,
                     const Fork& fork,
                     const std::string& commit,
                     const std::string& version) {
  const auto document = parse_document(text, fork.at.file);
  const auto& pin = entry(document, "pin").value;
  const auto& old = entry(pin, "commit");
  const auto stands = find(pin, "version");
  std::string result(text);
  if (version.empty() || stands == nullptr) {
    replace(result, old.value, commit);
    if (!version.empty())
      insert_version(result, old.key, old.value, version);
  } else {
    // The later one first, so that positions of the other stay right.
    const bool commit_first =
        std::pair(old.value.line, old.value.column) < std::pair(stands->line, stands->column);
    if (commit_first)
      replace(result, *stands, version);
    replace(result, old.value, commit);
    if (!commit_first)
      replace(result, *stands, version);
  }
  const auto want = version.empty() ? fork.version : version;
  if (!as_asked(parse_fork(result, fork.at.file, fork.name), fork, commit, want))
    throw Error(Kind::input, cat(fork.at.file, " can't be edited for you"))
        .hint(cat("put commit ", commit, " and version '", want, "' in by hand"));
  return result;
}

}  // namespace cullet::workspace
