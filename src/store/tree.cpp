// SPDX-License-Identifier: Apache-2.0
#include "cullet/store/tree.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"

namespace cullet::store {
namespace {

constexpr std::string_view kHeader = "cullet-tree 1";

void append_line(std::string& out, const TreeEntry& entry) {
  switch (entry.type) {
    case TreeEntryType::directory:
      out += "d " + octal(entry.mode) + " " + percent_escape(entry.path.str());
      break;
    case TreeEntryType::file:
      out += "f " + octal(entry.mode) + " " + std::to_string(entry.size) + " " +
             entry.content.hex() + " " + percent_escape(entry.path.str());
      break;
    case TreeEntryType::symlink:
      out += "l " + percent_escape(entry.path.str()) + " " + percent_escape(entry.target);
      break;
    case TreeEntryType::hardlink:
      out += "h " + percent_escape(entry.path.str()) + " " + percent_escape(entry.target);
      break;
  }
  out += '\n';
}

const TreeEntry* find_in(const std::vector<TreeEntry>& entries,
                         std::size_t count,
                         std::string_view path) {
  const auto end = entries.begin() + static_cast<std::ptrdiff_t>(count);
  const auto at = std::lower_bound(
      entries.begin(), end, path, [](const TreeEntry& entry, std::string_view wanted) {
        return entry.path.str() < wanted;
      });
  return at != end && at->path.str() == path ? &*at : nullptr;
}

/// Clears what has no meaning for the entry's type, so that equal lines are equal entries.
void normalise(TreeEntry& entry) {
  if (entry.type != TreeEntryType::file) {
    entry.size = 0;
    entry.content = {};
  }
  if (entry.type == TreeEntryType::file || entry.type == TreeEntryType::directory)
    entry.target.clear();
  if (entry.type == TreeEntryType::symlink)
    entry.mode = 0777;
}

/// What is wrong with entry `index`, given that all before it are right; gives a hardlink the mode
/// of its file.
std::optional<std::string> settle(std::vector<TreeEntry>& entries, std::size_t index) {
  auto& entry = entries[index];
  normalise(entry);
  if (entry.mode > 07777)
    return "its mode has bits beyond 07777";
  if (entry.size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return "its size is impossible";
  if (index > 0 && !(entries[index - 1].path < entry.path))
    return "it is out of order";
  if (const auto parent = entry.path.parent()) {
    // Neighbours mostly share a directory, which spares the search.
    const TreeEntry* above = nullptr;
    if (index > 0 && entries[index - 1].path == *parent)
      above = &entries[index - 1];
    else
      above = find_in(entries, index, parent->str());
    if (above == nullptr || above->type != TreeEntryType::directory)
      return "its parent is no directory of the tree";
  }
  if (entry.type == TreeEntryType::symlink &&
      (entry.target.empty() || entry.target.find('\0') != std::string::npos))
    return "its target can't be one of a symlink";
  if (entry.type == TreeEntryType::hardlink) {
    const auto* file = find_in(entries, index, entry.target);
    if (file == nullptr || file->type != TreeEntryType::file)
      return "its target is no earlier file of the tree";
    entry.mode = file->mode;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> parse_mode(std::string_view text) {
  std::uint32_t mode = 0;
  for (const char c : text) {
    if (c < '0' || c > '7')
      return std::nullopt;
    mode = mode << 3U | static_cast<std::uint32_t>(c - '0');
  }
  return text.size() == 4 ? std::optional(mode) : std::nullopt;
}

std::optional<TreeEntry> parse_line(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; fields.size() < 6;) {
    const auto space = line.find(' ', at);
    fields.push_back(line.substr(at, space == std::string_view::npos ? space : space - at));
    if (space == std::string_view::npos)
      break;
    at = space + 1;
  }
  const auto path_at = [&](std::size_t index) {
    return RelativePath::parse(percent_unescape(fields[index]));
  };
  if (fields[0] == "d" && fields.size() == 3) {
    const auto mode = parse_mode(fields[1]);
    auto path = path_at(2);
    if (mode && path)
      return TreeEntry{std::move(*path), TreeEntryType::directory, *mode, 0, {}, {}};
  } else if (fields[0] == "f" && fields.size() == 5) {
    const auto mode = parse_mode(fields[1]);
    const auto size = parse_number(fields[2]);
    const auto content = Sha256::parse_hex(fields[3]);
    auto path = path_at(4);
    if (mode && size && content && path)
      return TreeEntry{std::move(*path), TreeEntryType::file, *mode, *size, *content, {}};
  } else if ((fields[0] == "l" || fields[0] == "h") && fields.size() == 3) {
    const auto type = fields[0] == "l" ? TreeEntryType::symlink : TreeEntryType::hardlink;
    auto path = path_at(1);
    if (path)
      return TreeEntry{std::move(*path), type, 0, 0, {}, percent_unescape(fields[2])};
  }
  return std::nullopt;
}

[[noreturn]] void refuse(std::size_t line, std::string_view why) {
  throw Error(Kind::refused, cat("tree manifest, line ", line, ": ", why));
}

}  // namespace

TreeManifest::TreeManifest(std::vector<TreeEntry> entries) : entries_(std::move(entries)) {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (const auto problem = settle(entries_, i))
      throw Error(Kind::internal,
                  cat("tree entry '", printable(entries_[i].path.str()), "': ", *problem));
}

TreeManifest TreeManifest::parse(std::string_view text) {
  auto take_line = [&text, number = std::size_t{0}]() mutable {
    ++number;
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      refuse(number, "it does not end in a newline");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
  };
  if (take_line() != kHeader)
    refuse(1, cat("it is not '", kHeader, "'"));
  std::vector<TreeEntry> entries;
  std::string again;
  for (std::size_t number = 2; !text.empty(); ++number) {
    const auto line = take_line();
    auto entry = parse_line(line);
    if (!entry)
      refuse(number, cat("'", printable(line.substr(0, 200)), "' is malformed"));
    again.clear();
    append_line(again, *entry);
    if (std::string_view(again).substr(0, again.size() - 1) != line)
      refuse(number, cat("'", printable(line.substr(0, 200)), "' is not in canonical form"));
    entries.push_back(std::move(*entry));
    if (const auto problem = settle(entries, entries.size() - 1))
      refuse(number, cat("'", printable(line.substr(0, 200)), "': ", *problem));
  }
  return {std::move(entries), Settled{}};
}

std::string TreeManifest::serialize() const {
  std::string out(kHeader);
  out += '\n';
  for (const auto& entry : entries_)
    append_line(out, entry);
  return out;
}

TreeDigest TreeManifest::digest() const {
  return TreeDigest(sha256(serialize()));
}

const TreeEntry* TreeManifest::find(std::string_view path) const {
  return find_in(entries_, entries_.size(), path);
}

TreeManifest TreeManifest::filtered(const std::vector<bool>& keep) const {
  std::vector<bool> stays = keep;
  std::map<std::string_view, std::string> renamed;  // a file that goes → the link that becomes it
  const auto index_of = [&](const TreeEntry* entry) {
    return static_cast<std::size_t>(entry - entries_.data());
  };
  // Backwards, so that a directory has been marked by all below it before its own turn comes.
  for (std::size_t i = entries_.size(); i-- > 0;) {
    if (!stays[i])
      continue;
    if (const auto parent = entries_[i].path.parent())
      stays[index_of(find(parent->str()))] = true;
  }
  std::vector<TreeEntry> part;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!stays[i])
      continue;
    auto entry = entries_[i];
    if (entry.type == TreeEntryType::hardlink) {
      const auto* file = find(entry.target);
      if (!stays[index_of(file)]) {
        const auto [first, fresh] = renamed.try_emplace(file->path.str(), entry.path.str());
        if (fresh)
          entry = {entry.path, TreeEntryType::file, file->mode, file->size, file->content, {}};
        else
          entry.target = first->second;
      }
    }
    part.push_back(std::move(entry));
  }
  return TreeManifest(std::move(part));
}

}  // namespace cullet::store
