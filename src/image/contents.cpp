// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/contents.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/layer_listing.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr int kMostLinks = 40;

/// Takes away what the layers below one brought. Directories that it has emptied stay so while the
/// layer lasts: one that says it a thousand times costs no more than one that says it once.
class Eraser {
 public:
  Eraser(Contents& contents, std::size_t layer) : contents_(contents), layer_(layer) {}

  void erase(const std::string& path) {
    if (const auto found = contents_.find(path);
        found != contents_.end() && found->second.layer < layer_)
      contents_.erase(found);
    erase_below(path);
  }
  void erase_below(const std::string& directory) {
    const auto prefix = directory.empty() ? std::string() : directory + "/";
    auto at = contents_.lower_bound(prefix);
    if (at == contents_.end() || !at->first.starts_with(prefix) ||
        !emptied_.insert(directory).second)
      return;
    while (at != contents_.end() && at->first.starts_with(prefix))
      at = at->second.layer < layer_ ? contents_.erase(at) : std::next(at);
  }

 private:
  Contents& contents_;
  std::size_t layer_;
  std::set<std::string> emptied_;
};

/// Applies ".wh.NAME" and the opaque marker, to what layers below brought; true if the entry was
/// one.
bool apply_whiteout(Eraser& below, const archive::Entry& entry, std::size_t layer) {
  const auto name = entry.path.name();
  if (name.rfind(kWhiteout, 0) != 0)
    return false;
  const auto parent = entry.path.parent();
  const auto directory = parent ? parent->str() : std::string();
  if (name == kOpaque) {
    below.erase_below(directory);
    return true;
  }
  if (name == kWhiteout)
    throw Error(Kind::input, cat("layer ", layer, " removes a file without a name"))
        .detail(cat("at entry '", printable(entry.path.str()), "'"));
  const auto hidden = cat(directory, directory.empty() ? "" : "/", name.substr(kWhiteout.size()));
  below.erase(hidden);
  return true;
}

std::string changes(const File& before, const File& after) {
  std::vector<std::string> parts;
  const auto& a = before.entry;
  const auto& b = after.entry;
  const auto is_link = [](const archive::Entry& entry) {
    return entry.type == archive::EntryType::symlink;
  };
  if (is_link(a) != is_link(b) ||
      (a.type == archive::EntryType::directory) != (b.type == archive::EntryType::directory))
    parts.emplace_back("type");
  else if (before.content != after.content)
    parts.push_back(cat("content, ", human_size(a.size), " → ", human_size(b.size)));
  if (is_link(a) && is_link(b) && a.target != b.target)
    parts.push_back(cat("target ", printable(a.target), " → ", printable(b.target)));
  if (a.mode != b.mode)
    parts.push_back(cat("mode ", octal(a.mode), " → ", octal(b.mode)));
  if (a.uid != b.uid || a.gid != b.gid)
    parts.push_back(cat("owner ", a.uid, ":", a.gid, " → ", b.uid, ":", b.gid));
  if (a.xattrs != b.xattrs)
    parts.emplace_back("extended attributes");
  return join(parts, ", ");
}

Difference difference(Difference::Kind kind,
                      const std::string& path,
                      const File* before,
                      const File* after,
                      std::string what = {}) {
  Difference out{kind, path, std::move(what)};
  out.directory = true;
  if (before != nullptr) {
    out.layer_before = before->layer;
    out.size_before = before->entry.size;
    out.directory &= before->entry.type == archive::EntryType::directory;
  }
  if (after != nullptr) {
    out.layer_after = after->layer;
    out.size_after = after->entry.size;
    out.directory &= after->entry.type == archive::EntryType::directory;
  }
  return out;
}

/// Lays one layer over what there is.
void add_layer(Contents& contents, LayerListing&& listing, std::size_t layer) {
  Eraser below(contents, layer);
  for (std::size_t index = 0; index < listing.items.size(); ++index) {
    auto& [entry, content] = listing.items[index];
    if (apply_whiteout(below, entry, layer))
      continue;
    const auto path = entry.path.str();
    File file{std::move(entry), content, layer, {layer, index}};
    if (file.entry.type == archive::EntryType::hardlink) {
      if (const auto target = contents.find(file.entry.target); target != contents.end()) {
        file.content = target->second.content;
        file.bytes_at = target->second.bytes_at;
        file.entry.size = target->second.entry.size;
        file.entry.mode = target->second.entry.mode;
      }
    }
    if (file.entry.type != archive::EntryType::directory)
      below.erase_below(path);
    contents.insert_or_assign(path, std::move(file));
  }
}

}  // namespace

Contents read_contents(Repository& repository,
                       const Descriptor& descriptor,
                       const Cancel& cancel,
                       const ReadOptions& options) {
  const auto manifest = read_manifest(repository, descriptor);
  auto listings = list_layers(repository, manifest.layers, options.store, options.threads, cancel);
  Contents contents;
  for (std::size_t layer = 0; layer < listings.size(); ++layer)
    add_layer(contents, std::move(listings[layer]), layer);
  return contents;
}

std::string follow(const Contents& contents, const std::string& path) {
  std::vector<std::string> todo = split(path, '/');
  std::reverse(todo.begin(), todo.end());
  std::string done;
  for (int links = 0; !todo.empty();) {
    const auto part = todo.back();
    todo.pop_back();
    if (part.empty() || part == ".")
      continue;
    if (part == "..") {
      done.erase(done.find_last_of('/') == std::string::npos ? 0 : done.find_last_of('/'));
      continue;
    }
    const auto next = done.empty() ? part : done + "/" + part;
    const auto found = contents.find(next);
    if (found == contents.end() || found->second.entry.type != archive::EntryType::symlink) {
      done = next;
      continue;
    }
    if (++links > kMostLinks)
      throw Error(Kind::input, cat("too many links at /", path));
    const auto& target = found->second.entry.target;
    if (!target.empty() && target[0] == '/')
      done.clear();
    auto parts = split(target, '/');
    todo.insert(todo.end(), parts.rbegin(), parts.rend());
  }
  return done;
}

std::vector<Difference> diff(const Contents& before, const Contents& after) {
  std::vector<Difference> out;
  for (const auto& [path, file] : before) {
    const auto other = after.find(path);
    if (other == after.end())
      out.push_back(difference(Difference::Kind::removed, path, &file, nullptr));
    else if (auto what = changes(file, other->second); !what.empty())
      out.push_back(
          difference(Difference::Kind::changed, path, &file, &other->second, std::move(what)));
  }
  for (const auto& [path, file] : after)
    if (!before.contains(path))
      out.push_back(difference(Difference::Kind::added, path, nullptr, &file));
  std::sort(out.begin(), out.end(), [](const Difference& a, const Difference& b) {
    return a.path < b.path;
  });
  return out;
}

}  // namespace cullet::image
