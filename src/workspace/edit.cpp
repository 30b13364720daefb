// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/edit.hpp"

#include <algorithm>
#include <tuple>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "document.hpp"
#include "fields.hpp"
#include "write_patch.hpp"

namespace cullet::workspace {
namespace {

using Lines = std::vector<std::string>;  ///< each with its line end, which the last may lack

Lines to_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto size = end == text.npos ? text.size() : end + 1;
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

std::size_t indent(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

bool is_blank(std::string_view line) {
  return trim(line).empty();
}

/// A comment that can't be part of a text in an entry: those stand deeper than the entry's dash.
bool is_comment(std::string_view line, std::size_t dash) {
  return trim(line).starts_with('#') && indent(line) <= dash;
}

/// The index of the line that a node stands on.
std::size_t line_of(const Node& node) {
  return static_cast<std::size_t>(node.line) - 1;
}

/// A key of an entry and the lines that it takes.
struct KeyLines {
  std::string key;
  std::size_t begin, end;
};

/// An entry of the list in block style.
struct Item {
  std::size_t begin = 0;  ///< the first line of the comments above it
  std::size_t dash = 0;   ///< the line of its dash
  std::size_t end = 0;
  const Node* node = nullptr;
};

class PatchesEditor {
 public:
  PatchesEditor(std::string_view text, const Fork& fork)
      : fork_(fork),
        file_(fork.at.file),
        document_(parse_document(text, file_)),
        lines_(to_lines(text)) {
    end_of_line_ = !lines_.empty() && lines_[0].ends_with("\r\n") ? "\r\n" : "\n";
    for (std::size_t i = 0; i < document_.entries.size(); ++i)
      if (document_.entries[i].key.scalar == "patches") {
        key_ = &document_.entries[i];
        next_ =
            i + 1 < document_.entries.size() ? line_of(document_.entries[i + 1].key) : last_line();
      }
    if (!document_.entries.empty() && indent_of_root() != 0)
      throw by_hand(document_.at(), "the file is not in block style");
  }

  std::string edited(const std::vector<SeriesEntry>& series) {
    if (key_ == nullptr)
      return series.empty() ? text() : appended(series);
    const bool block =
        key_->value.type == Node::Type::list && !key_->value.items.empty() && !is_flow(key_->value);
    if (!block)
      return replaced(series);
    find_items();
    Lines body;
    for (const auto& entry : series)
      append(body,
             entry.was ? kept(items_.at(*entry.was), *entry.was, entry.patch) : fresh(entry.patch));
    Lines result(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(items_[0].begin));
    if (series.empty())
      close_empty(result);
    append(result, body);
    append(result, {lines_.begin() + static_cast<std::ptrdiff_t>(end_), lines_.end()});
    return join(result, "");
  }

 private:
  [[nodiscard]] Error by_hand(const Position& at, std::string_view why) const {
    return error_at(at, cat("this list can't be edited for you: ", why))
        .hint("write it in block style, a line for each key, or make the change by hand");
  }
  [[nodiscard]] std::string text() const { return join(lines_, ""); }
  static void append(Lines& to, const Lines& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  [[nodiscard]] std::size_t indent_of_root() const {
    return static_cast<std::size_t>(document_.entries[0].key.column) - 1;
  }
  /// Where the document ends: before "..." or at the end of the file.
  [[nodiscard]] std::size_t last_line() const {
    const auto found = std::find_if(
        lines_.begin(), lines_.end(), [](const auto& line) { return line.starts_with("..."); });
    return static_cast<std::size_t>(found - lines_.begin());
  }
  /// yaml tells a node's place, not its style; a flow list stands where its bracket is.
  [[nodiscard]] bool is_flow(const Node& node) const {
    const auto& line = lines_[line_of(node)];
    return node.type == Node::Type::list && trim(line.substr(byte_of(node))).starts_with('[');
  }
  /// Columns count characters.
  [[nodiscard]] std::size_t byte_of(const Node& node) const {
    const auto& line = lines_[line_of(node)];
    std::size_t byte = 0;
    for (int column = 1; column < node.column && byte < line.size(); ++column) {
      ++byte;
      while (byte < line.size() && (static_cast<unsigned char>(line[byte]) & 0xC0U) == 0x80U)
        ++byte;
    }
    return byte;
  }

  void find_items() {
    for (const auto& node : key_->value.items) {
      Item item;
      item.node = &node;
      item.dash = line_of(node);
      while (item.dash > line_of(key_->key) && !trim(lines_[item.dash]).starts_with('-'))
        --item.dash;
      item.begin = item.dash;
      items_.push_back(item);
    }
    dash_ = indent(lines_[items_[0].dash]);
    for (auto& item : items_) {
      if (indent(lines_[item.dash]) != dash_ || item.dash == line_of(key_->key))
        throw by_hand(item.node->at(), "its entries don't stand below each other");
      while (item.begin > line_of(key_->key) + 1 && is_comment(lines_[item.begin - 1], dash_))
        --item.begin;
    }
    end_ = next_;
    while (end_ > items_.back().dash + 1 &&
           (is_blank(lines_[end_ - 1]) || is_comment(lines_[end_ - 1], dash_)))
      --end_;
    for (std::size_t i = 0; i < items_.size(); ++i)
      items_[i].end = i + 1 < items_.size() ? items_[i + 1].begin : end_;
    auto& last = lines_[end_ - 1];
    if (!last.ends_with('\n'))
      last += end_of_line_;
  }

  [[nodiscard]] Lines fresh(const Patch& patch) const {
    Lines written;
    for (const auto& line : split(patch_entry(patch), '\n'))
      if (!line.empty())
        written.push_back(cat(std::string(dash_, ' '), line, end_of_line_));
    return written;
  }

  /// An entry as it stands there, but for the keys that are to say something else.
  [[nodiscard]] Lines kept(const Item& item, std::size_t index, const Patch& patch) const {
    const auto at = [&](std::size_t line) {
      return lines_.begin() + static_cast<std::ptrdiff_t>(line);
    };
    Lines written(at(item.begin), at(item.dash));
    if (same(patch, fork_.patches[index])) {
      append(written, {at(item.dash), at(item.end)});
      return written;
    }
    const auto keys = keys_of(item);
    if (keys.empty()) {
      append(written, fresh(patch));
      append(written, {at(end_of(item.dash, item.end)), at(item.end)});
      return written;
    }
    Lines body;
    for (const auto& key : keys)
      append(body, kept(item, key, patch_fields(fork_.patches[index]), patch_fields(patch)));
    std::size_t place = 0;  // the origin comes first, what else is new last
    for (const auto& [key, text] : patch_fields(patch))
      if (std::none_of(
              keys.begin(), keys.end(), [&name = key](const auto& k) { return k.key == name; })) {
        const bool origin = key == "file" || key == "commit" || key == "archive";
        auto last = body.end();
        while (last != body.begin() && is_blank(*std::prev(last)))
          --last;
        body.insert(origin ? body.begin() + static_cast<std::ptrdiff_t>(place++) : last,
                    line(item, key, text));
      }
    body.at(0)[dash_] = '-';
    append(written, body);
    return written;
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// A key of a changed entry, without the dash: as it stands there, with another value, or gone.
  [[nodiscard]] Lines kept(const Item& item,
                           const KeyLines& key,
                           const Fields& before,
                           const Fields& after) const {
    const auto value = [&](const Fields& fields) {
      const auto found = std::find_if(
          fields.begin(), fields.end(), [&](const auto& field) { return field.first == key.key; });
      return found == fields.end() ? std::string() : found->second;
    };
    Lines lines(lines_.begin() + static_cast<std::ptrdiff_t>(key.begin),
                lines_.begin() + static_cast<std::ptrdiff_t>(key.end));
    if (key.begin == item.dash)
      lines[0][dash_] = ' ';
    const auto now = value(after);
    if (!now.empty() && now == value(before))
      return lines;
    const auto& node = *find(*item.node, key.key);
    const auto at = byte_of(node);
    if (!now.empty() && line_of(node) == key.begin && node.plain &&
        lines[0].compare(at, node.scalar.size(), node.scalar) == 0) {
      lines[0].replace(at, node.scalar.size(), now);  // a comment behind it stays
      return lines;
    }
    const auto length = end_of(key.begin, key.end) - key.begin;
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(length));
    if (!now.empty())
      lines.insert(lines.begin(), line(item, key.key, now));
    return lines;
  }

  /// Without blank lines at the end.
  [[nodiscard]] std::size_t end_of(std::size_t begin, std::size_t end) const {
    while (end > begin + 1 && is_blank(lines_[end - 1]))
      --end;
    return end;
  }

  /// The lines of each key, if each has its own and the first stands beside the dash.
  [[nodiscard]] std::vector<KeyLines> keys_of(const Item& item) const {
    std::vector<KeyLines> keys;
    const auto& entries = item.node->entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto begin = line_of(entries[i].key);
      const auto end = i + 1 < entries.size() ? line_of(entries[i + 1].key) : item.end;
      if (end == begin || (i == 0 && begin != item.dash) ||
          entries[i].key.column != entries[0].key.column)
        return {};
      keys.push_back({entries[i].key.scalar, begin, end});
    }
    const auto first = trim(std::string_view(lines_[item.dash]).substr(dash_ + 1));
    return first.starts_with('{') ? std::vector<KeyLines>{} : keys;
  }

  [[nodiscard]] std::string line(const Item& item,
                                 const std::string& key,
                                 const std::string& value) const {
    const auto column = static_cast<std::size_t>(item.node->entries[0].key.column) - 1;
    return cat(std::string(column, ' '), key, ": ", value, end_of_line_);
  }

  /// A file without `patches:` gets it at its end.
  [[nodiscard]] std::string appended(const std::vector<SeriesEntry>& series) {
    const auto end = last_line();
    Lines result(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(end));
    if (!result.empty() && !result.back().ends_with('\n'))
      result.back() += end_of_line_;
    result.push_back("patches:" + end_of_line_);
    dash_ = 2;
    for (const auto& entry : series)
      append(result, fresh(entry.patch));
    append(result, {lines_.begin() + static_cast<std::ptrdiff_t>(end), lines_.end()});
    return join(result, "");
  }

  /// An empty list, or one in flow style, becomes a list in block style. A comment at an empty one
  /// stays.
  [[nodiscard]] std::string replaced(const std::vector<SeriesEntry>& series) {
    const auto begin = line_of(key_->key);
    auto end = next_;
    while (end > begin + 1 && (is_blank(lines_[end - 1]) || is_comment(lines_[end - 1], 0)))
      --end;
    std::string old;
    for (auto i = begin; i < end; ++i)
      old += lines_[i];
    const bool comment = old.find(" #") != old.npos || old.find("\n#") != old.npos;
    if (comment && series.empty() && key_->value.items.empty())
      return text();
    Lines result(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(begin));
    dash_ = 2;
    if (comment)
      append(result, opened(begin, end));
    else if (!series.empty())
      result.push_back("patches:" + end_of_line_);
    for (const auto& entry : series)
      append(result, fresh(entry.patch));
    append(result, {lines_.begin() + static_cast<std::ptrdiff_t>(end), lines_.end()});
    return join(result, "");
  }

  /// The lines of an empty list with a comment, without its brackets: entries can follow.
  [[nodiscard]] Lines opened(std::size_t begin, std::size_t end) const {
    Lines lines(lines_.begin() + static_cast<std::ptrdiff_t>(begin),
                lines_.begin() + static_cast<std::ptrdiff_t>(end));
    const auto& value = key_->value;
    auto& line = lines[0];
    const auto colon = line.find(':', byte_of(key_->key));
    const auto open = line.find_first_not_of(" \t", colon + 1);
    const auto close = line.find_first_not_of(" \t", open + 1);
    if (!value.items.empty() || line[open] != '[' || line[close] != ']')
      throw by_hand(key_->key.at(), "it is in flow style and has a comment");
    line.erase(colon + 1, close - colon);
    if (!lines.back().ends_with('\n'))
      lines.back() += end_of_line_;
    return lines;
  }

  /// `patches:` without entries goes, unless a comment stands there.
  void close_empty(Lines& result) const {
    const auto at = line_of(key_->key);
    const bool plain = trim(result.at(at)) == "patches:";
    if (plain && result.size() == at + 1)
      return result.pop_back();
    auto& line = result[at];
    const auto colon = line.find(':', byte_of(key_->key));
    line.insert(colon + 1, " []");
  }

  const Fork& fork_;
  std::string file_;
  Node document_;
  Lines lines_;
  std::string end_of_line_;
  const MapEntry* key_ = nullptr;
  std::size_t next_ = 0;  ///< the line after all that can belong to `patches:`
  std::size_t end_ = 0;   ///< the line after its last entry
  std::size_t dash_ = 2;  ///< column of the dashes, from 0
  std::vector<Item> items_;
};

/// A fork without its patches, for comparing.
auto rest_of(const Fork& fork) {
  const auto archive = fork.import.value_or(Archive{});
  return std::tuple(fork.name,
                    fork.upstream,
                    fork.track,
                    fork.url,
                    fork.import.has_value(),
                    archive.name,
                    archive.sha256,
                    archive.size,
                    archive.path,
                    archive.from,
                    fork.commit,
                    fork.version);
}

}  // namespace

std::string edit_patches(std::string_view text,
                         const Fork& fork,
                         const std::vector<SeriesEntry>& series) {
  auto result = PatchesEditor(text, fork).edited(series);
  const auto wrong = [&](std::string_view why) {
    return Error(Kind::input, cat(fork.at.file, " can't be edited for you: ", why))
        .hint("write `patches:` in block style, a line for each key, or make the change by hand");
  };
  Fork got;
  try {
    got = parse_fork(result, fork.at.file, fork.name);
  } catch (const Error& error) {
    throw wrong(cat("the result would not be valid: ", error.message()));
  }
  bool as_asked = rest_of(got) == rest_of(fork) && got.patches.size() == series.size();
  for (std::size_t i = 0; as_asked && i < series.size(); ++i)
    as_asked = same(got.patches[i], series[i].patch);
  if (!as_asked)
    throw wrong("the result would not say what was asked for");
  return result;
}

}  // namespace cullet::workspace
