// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "inside.hpp"

namespace cullet::image {

namespace {

constexpr std::size_t kMostMembers = 100'000;
constexpr std::size_t kArHeader = 60;

std::string_view field(std::string_view header, std::size_t at, std::size_t size) {
  return trim(header.substr(at, size));
}

/// The name of an ar member: "x.o/", "/17" (of GNU's table of long names), "#1/8" (BSD's, before
/// the bytes).
std::string ar_name(std::string_view name, std::string_view long_names, std::string_view& bytes) {
  if (name.starts_with("#1/")) {
    const auto size =
        std::min<std::uint64_t>(parse_number(name.substr(3)).value_or(0), bytes.size());
    auto out = std::string(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return out.substr(0, out.find('\0'));
  }
  if (name.size() > 1 && name[0] == '/' && name[1] >= '0' && name[1] <= '9') {
    const auto at = parse_number(name.substr(1)).value_or(UINT64_MAX);
    if (at < long_names.size())
      name = long_names.substr(at, std::min(long_names.find('\n', at), long_names.size()) - at);
  }
  if (name.size() > 1 && name.ends_with('/') && name != "//")
    name.remove_suffix(1);
  return std::string(name);
}

/// What differs in fields of a member's header, and what that comes from.
Guess guess_from_field(const std::string& name, const std::string& a, const std::string& b) {
  if (name == "mtime")
    return {Cause::time, "the time of a member"};
  if (name == "owner")
    return {Cause::user, "the account that packed it"};
  if (name == "mode")
    return {Cause::user, cat("the umask or the modes of what was packed: ", a, " and ", b)};
  return {};
}

}  // namespace

std::optional<Inside::Members> Inside::ar_members(std::string_view bytes) {
  Members out;
  std::map<std::string, std::size_t> seen;
  std::string_view long_names;
  for (std::size_t at = 8; at + kArHeader <= bytes.size();) {
    const auto header = bytes.substr(at, kArHeader);
    const auto size = parse_number(field(header, 48, 10));
    if (header.substr(58) != "`\n" || !size || *size > bytes.size() - at - kArHeader ||
        out.size() >= kMostMembers)
      return std::nullopt;
    auto content = bytes.substr(at + kArHeader, *size);
    const auto name = field(header, 0, 16);
    if (name == "//")
      long_names = content;
    auto title = name == "/" ? std::string("symbol table") : ar_name(name, long_names, content);
    if (!spend(content.size()))
      return std::nullopt;
    if (const auto count = ++seen[title]; count > 1)
      title += cat(" #", count);
    out.emplace_back(std::move(title),
                     Member{{{"mtime", std::string(field(header, 16, 12))},
                             {"owner", cat(field(header, 28, 6), ":", field(header, 34, 6))},
                             {"mode", std::string(field(header, 40, 8))}},
                            std::string(content)});
    at += kArHeader + *size + *size % 2;
  }
  return out;
}

std::optional<Inside::Members> Inside::archive_members(std::string_view bytes) {
  MemorySource source(bytes);
  archive::Reader reader(source,
                         "it",
                         archive::Format::tar_or_zip,
                         {.bytes = options_.file_bytes, .entries = kMostMembers});
  Members out;
  std::map<std::string, std::size_t> seen;
  while (const auto entry = reader.next()) {
    if (!spend(entry->size))
      return std::nullopt;
    auto name = entry->path.str();
    if (const auto count = ++seen[name]; count > 1)
      name += cat(" #", count);
    Member member;
    member.fields = {{"mtime", std::to_string(reader.mtime())},
                     {"owner", cat(entry->uid, ":", entry->gid)},
                     {"mode", std::to_string(entry->mode)},
                     {"target", entry->target}};
    if (entry->type == archive::EntryType::file)
      member.bytes = read_all(reader.body(), options_.file_bytes, "it");
    out.emplace_back(std::move(name), std::move(member));
  }
  return out;
}

Inside::Findings Inside::in_members(const Members& first, const Members& second, unsigned depth) {
  Findings out;
  const auto names = [](const Members& members) {
    std::vector<std::string_view> list;
    for (const auto& [name, member] : members)
      list.push_back(name);
    return list;
  };
  if (same_in_other_order(names(first), names(second)))
    out.push_back(finding("members",
                          cat(first.size(), " members"),
                          {Cause::order, "the same members stand in another order"}));
  std::map<std::string_view, const Member*> others;
  for (const auto& [name, member] : second)
    others.emplace(name, &member);
  std::size_t left_out = 0;
  for (const auto& [name, member] : first) {
    const auto found = others.find(name);
    if (found != others.end() && found->second->fields == member.fields &&
        found->second->bytes == member.bytes) {
      others.erase(found);
      continue;
    }
    if (out.size() >= kMostFindings) {
      ++left_out;
      if (found != others.end())
        others.erase(found);
      continue;
    }
    const auto where = cat("member ", printable(name));
    if (found == others.end()) {
      out.push_back(finding(where, "only in the first", {}));
      continue;
    }
    const auto& other = *found->second;
    Finding one{where, "", Cause::unknown, {}, {}};
    for (const auto& [key, value] : member.fields)
      if (const auto& there = other.fields.at(key); there != value)
        one.inside.push_back(
            finding(key, instead(value, there), guess_from_field(key, value, there)));
    if (member.bytes != other.bytes)
      for (auto& inner : look(member.bytes, other.bytes, depth + 1))
        one.inside.push_back(std::move(inner));
    one.what = member.bytes == other.bytes ? "header" : "content";
    out.push_back(std::move(one));
    others.erase(found);
  }
  for (const auto& [name, member] : others) {
    if (out.size() < kMostFindings)
      out.push_back(finding(cat("member ", printable(name)), "only in the second", {}));
    else
      ++left_out;
  }
  if (left_out > 0)
    out.push_back(finding("members", cat("and ", left_out, " more"), {}));
  return out;
}

}  // namespace cullet::image
