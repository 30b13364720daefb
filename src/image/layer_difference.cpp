// SPDX-License-Identifier: Apache-2.0
#include "layer_difference.hpp"

#include <algorithm>

#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "layer_bytes_difference.hpp"
#include "layer_reader.hpp"

namespace cullet::image {

using archive::EntryType;

struct LayerComparison::Item {
  archive::Entry entry;
  std::int64_t mtime;
  Sha256 content;
  std::size_t index;
};

struct LayerComparison::Listing {
  std::map<std::string, Item> items;  ///< of a path that comes twice, the last
  std::vector<std::string> order;
  DiffId plain;
};

namespace {

std::string time_text(std::int64_t seconds) {
  try {
    return rfc3339(seconds);
  } catch (const Error&) {
    return std::to_string(seconds);
  }
}

std::string_view type_name(EntryType type) {
  constexpr std::string_view kNames[] = {"a file", "a directory", "a symlink", "a hard link"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace

LayerComparison::LayerComparison(const DifferenceOptions& options,
                                 std::vector<std::string>& notes,
                                 const Cancel& cancel)
    : options_(options),
      notes_(notes),
      cancel_(cancel),
      inside_(options, notes),
      files_left_(options.files),
      bytes_left_(options.bytes) {}

LayerComparison::Listing LayerComparison::list(Repository& in, const Descriptor& layer) const {
  Listing out;
  Sha256Hasher plain;
  read_layer(
      in,
      layer,
      cancel_,
      [&](const LayerVisit& at) {
        Sha256Hasher hasher;
        if (at.entry.type == EntryType::file)
          copy(at.body, hasher);
        out.order.push_back(at.entry.path.str());
        out.items.insert_or_assign(out.order.back(),
                                   Item{at.entry, at.mtime, hasher.finish(), at.index});
        return true;
      },
      &plain);
  out.plain = DiffId(plain.finish());
  return out;
}

LayerDifference LayerComparison::compare(const LayerPair& layers) {
  const auto a = list(layers.first_in, layers.first);
  const auto b = list(layers.second_in, layers.second);
  if (a.plain == b.plain)
    return {{compression_difference(layers)}, true};
  LayerDifference out{entries(layers, a, b), false};
  if (out.findings.empty())
    out.findings.push_back(header_difference(layers, cancel_));
  return out;
}

Finding LayerComparison::entry(const std::string& path, const Item& a, const Item& b) const {
  Finding one{cat("/", printable(path)), "", Cause::unknown, {}, {}};
  std::vector<std::string> what;
  const auto note = [&](const char* name, std::string how, Cause cause, std::string because) {
    what.emplace_back(name);
    one.inside.push_back(finding(name, std::move(how), {cause, std::move(because)}));
  };
  const auto& was = a.entry;
  const auto& is = b.entry;
  if (was.type != is.type)
    note("type", cat(type_name(was.type), " and ", type_name(is.type)), Cause::unknown, "");
  if (was.mode != is.mode) {
    const bool umask = ((was.mode ^ is.mode) & ~077U) == 0;
    note("mode",
         cat(octal(was.mode), " and ", octal(is.mode)),
         umask ? Cause::user : Cause::unknown,
         umask ? "what a umask takes away" : "");
  }
  if (was.uid != is.uid || was.gid != is.gid)
    note("owner",
         cat(was.uid, ":", was.gid, " and ", is.uid, ":", is.gid),
         Cause::user,
         "ids of an account");
  if (a.mtime != b.mtime)
    note("mtime",
         cat(time_text(a.mtime), " and ", time_text(b.mtime)),
         Cause::time,
         "the time of the file");
  if (was.xattrs != is.xattrs)
    note("extended attributes", "", Cause::unknown, "");
  if (was.target != is.target) {
    auto guess = guess_from_text(was.target, is.target, options_);
    note("target", instead(was.target, is.target), guess.cause, guess.because);
  }
  if (other_content(a, b))
    what.emplace_back("content");
  one.what = join(what, ", ");
  return one;
}

bool LayerComparison::other_content(const Item& a, const Item& b) {
  return a.entry.type == EntryType::file && b.entry.type == EntryType::file &&
         a.content != b.content;
}

std::vector<Finding> LayerComparison::own_entries(const Listing& a, const Listing& b) const {
  std::vector<Finding> out;
  // The same bytes under another name: what the names differ in tells.
  std::map<Sha256, std::string> renamed;
  for (const auto& [path, item] : b.items)
    if (!a.items.contains(path)) {
      out.push_back(finding(cat("/", printable(path)), "only in the second", {}));
      if (item.entry.type == EntryType::file)
        renamed.emplace(item.content, path);
    }
  for (const auto& [path, item] : a.items) {
    if (b.items.contains(path))
      continue;
    const auto other = renamed.find(item.content);
    const bool same = item.entry.type == EntryType::file && other != renamed.end();
    out.push_back(
        finding(cat("/", printable(path)),
                same ? cat("only in the first; the second has it as /", printable(other->second))
                     : std::string("only in the first"),
                same ? guess_from_text(path, other->second, options_) : Guess()));
  }
  std::sort(out.begin(), out.end(), [](const Finding& one, const Finding& other) {
    return one.where < other.where;
  });
  return out;
}

std::vector<Finding> LayerComparison::entries(const LayerPair& layers,
                                              const Listing& a,
                                              const Listing& b) {
  std::vector<Finding> out;
  const std::vector<std::string_view> order(a.order.begin(), a.order.end());
  if (same_in_other_order(order, {b.order.begin(), b.order.end()}))
    out.push_back(finding(
        "order of entries",
        cat(a.order.size(), " entries"),
        {Cause::order, "the same entries stand in another order, as directories were read"}));
  std::map<std::string, std::size_t> wanted;  // path → its finding
  std::size_t left_out = 0;
  const auto add = [&](Finding one) {
    const bool room = out.size() < options_.names;
    if (room)
      out.push_back(std::move(one));
    else
      ++left_out;
    return room;
  };
  for (auto& one : own_entries(a, b))
    add(std::move(one));
  for (const auto& [path, item] : a.items) {
    const auto found = b.items.find(path);
    if (found == b.items.end())
      continue;
    auto one = entry(path, item, found->second);
    if (!one.what.empty() && add(std::move(one)) && other_content(item, found->second))
      wanted.emplace(path, out.size() - 1);
  }
  if (left_out > 0)
    out.push_back(finding("entries", cat("and ", left_out, " more"), {}));
  contents(layers, a, b, wanted, out);
  return out;
}

void LayerComparison::contents(const LayerPair& layers,
                               const Listing& a,
                               const Listing& b,
                               const std::map<std::string, std::size_t>& wanted,
                               std::vector<Finding>& findings) {
  std::map<std::size_t, std::pair<std::string, std::string>> first;  // by index: path, bytes
  std::map<std::size_t, std::string> second;                         // by index: path
  std::size_t unread = 0;
  for (const auto& [path, place] : wanted) {
    const auto& one = a.items.at(path);
    const auto& other = b.items.at(path);
    const auto size = std::max(one.entry.size, other.entry.size);
    if (files_left_ == 0 || size > options_.file_bytes || size > bytes_left_) {
      ++unread;
      continue;
    }
    --files_left_;
    bytes_left_ -= size;
    first.emplace(one.index, std::pair(path, std::string()));
    second.emplace(other.index, path);
  }
  if (unread > 0)
    notes_.push_back(cat(unread,
                         unread == 1 ? " file that differs was" : " files that differ were",
                         " not looked into: too many or too large"));
  if (first.empty())
    return;
  std::map<std::string, std::string> bytes;
  auto left = first.size();
  read_layer(layers.first_in, layers.first, cancel_, [&](const LayerVisit& at) {
    const auto found = first.find(at.index);
    if (found == first.end())
      return true;
    VerifyingSource body(at.body, a.items.at(found->second.first).content, at.entry.size);
    bytes[found->second.first] = read_all(body, options_.file_bytes, found->second.first);
    return --left > 0;
  });
  left = second.size();
  read_layer(layers.second_in, layers.second, cancel_, [&](const LayerVisit& at) {
    const auto found = second.find(at.index);
    if (found == second.end())
      return true;
    const auto& path = found->second;
    VerifyingSource body(at.body, b.items.at(path).content, at.entry.size);
    const auto other = read_all(body, options_.file_bytes, path);
    const auto& mine = bytes.at(path);
    auto& inside = findings[wanted.at(path)].inside;
    for (auto& one : inside_.look(mine, other))
      inside.push_back(std::move(one));
    if (options_.detail)
      if (const auto text = options_.detail(path, as_bytes(mine), as_bytes(other)); !text.empty())
        inside.push_back(finding("diffoscope", text, {}));
    bytes.erase(path);
    return --left > 0;
  });
}

}  // namespace cullet::image
