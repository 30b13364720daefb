// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/contents.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "cancellable_source.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr int kMostLinks = 40;

Manifest image_manifest(Repository& repository, const Descriptor& descriptor) {
  const auto what = cat(repository.name(), "@", descriptor.digest);
  const auto found = repository.find_manifest(descriptor.digest);
  if (!found)
    throw Error(Kind::input, cat(what, " is not there"));
  if (found->media_type == kIndexType)
    throw Error(Kind::input, cat(what, " is an index of several images"))
        .hint("name one of them by its digest");
  return Manifest::parse(found->bytes, what);
}

/// An entry's place: the index of its layer, and its own there.
using Place = std::pair<std::size_t, std::size_t>;
using Visit = std::function<void(const Place&, const archive::Entry&, Source& body)>;

void visit_layers(Repository& repository,
                  const Manifest& manifest,
                  const std::set<BlobDigest>& skip,
                  const Cancel& cancel,
                  const Visit& visit) {
  for (std::size_t layer = 0; layer < manifest.layers.size(); ++layer) {
    if (skip.contains(manifest.layers[layer].digest))
      continue;
    const auto name = cat("layer ", manifest.layers[layer].digest);
    const auto blob = repository.open_blob(manifest.layers[layer]);
    // Few compressed bytes may be many, and nobody else would ask in between.
    CancellableSource cancellable(*blob, cancel);
    archive::Reader reader(cancellable, name, archive::Format::tar);
    std::size_t index = 0;
    while (const auto entry = reader.next()) {
      cancel.check();
      visit({layer, index++}, *entry, reader.body());
    }
  }
}

void erase_below(Contents& contents, const std::string& directory, std::size_t layer) {
  const auto prefix = directory.empty() ? std::string() : directory + "/";
  for (auto at = contents.lower_bound(prefix); at != contents.end();) {
    if (at->first.rfind(prefix, 0) != 0)
      break;
    at = at->second.layer < layer ? contents.erase(at) : std::next(at);
  }
}

/// Applies ".wh.NAME" and the opaque marker, to what layers below brought; true if the entry was
/// one.
bool apply_whiteout(Contents& contents, const archive::Entry& entry, std::size_t layer) {
  const auto name = entry.path.name();
  if (name.rfind(kWhiteout, 0) != 0)
    return false;
  const auto parent = entry.path.parent();
  const auto directory = parent ? parent->str() : std::string();
  if (name == kOpaque) {
    erase_below(contents, directory, layer);
    return true;
  }
  if (name == kWhiteout)
    throw Error(Kind::input, cat("layer ", layer, " removes a file without a name"))
        .detail(cat("at entry '", printable(entry.path.str()), "'"));
  const auto hidden = cat(directory, directory.empty() ? "" : "/", name.substr(kWhiteout.size()));
  if (const auto found = contents.find(hidden);
      found != contents.end() && found->second.layer < layer)
    contents.erase(found);
  erase_below(contents, hidden, layer);
  return true;
}

std::string octal(std::uint32_t mode) {
  std::string out(4, '0');
  for (std::size_t digit = 4; digit-- > 0; mode >>= 3U)
    out[digit] = static_cast<char>('0' + mode % 8);
  return out;
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
    parts.push_back(cat("target ", a.target, " → ", b.target));
  if (a.mode != b.mode)
    parts.push_back(cat("mode ", octal(a.mode), " → ", octal(b.mode)));
  if (a.uid != b.uid || a.gid != b.gid)
    parts.push_back(cat("owner ", a.uid, ":", a.gid, " → ", b.uid, ":", b.gid));
  if (a.xattrs != b.xattrs)
    parts.emplace_back("extended attributes");
  return join(parts, ", ");
}

/// A hard link whose target was not there when it came has none.
bool has_bytes(const File& file) {
  return file.entry.type == archive::EntryType::file ||
         (file.entry.type == archive::EntryType::hardlink && file.content != Sha256());
}

}  // namespace

Contents read_contents(Repository& repository,
                       const Descriptor& descriptor,
                       const Cancel& cancel,
                       const std::set<BlobDigest>& skip) {
  const auto manifest = image_manifest(repository, descriptor);
  Contents contents;
  visit_layers(repository,
               manifest,
               skip,
               cancel,
               [&](const Place& place, const archive::Entry& entry, Source& body) {
                 const auto layer = place.first;
                 if (apply_whiteout(contents, entry, layer))
                   return;
                 File file{entry, {}, layer, place};
                 if (entry.type == archive::EntryType::file) {
                   Sha256Hasher hasher;
                   copy(body, hasher);
                   file.content = hasher.finish();
                 } else if (entry.type == archive::EntryType::hardlink) {
                   if (const auto target = contents.find(entry.target); target != contents.end()) {
                     file.content = target->second.content;
                     file.bytes_at = target->second.bytes_at;
                     file.entry.size = target->second.entry.size;
                     file.entry.mode = target->second.entry.mode;
                   }
                 }
                 if (entry.type != archive::EntryType::directory)
                   erase_below(contents, entry.path.str(), layer);
                 contents.insert_or_assign(entry.path.str(), std::move(file));
               });
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

void read_file(Repository& repository,
               const Descriptor& descriptor,
               const std::string& path,
               Sink& to,
               const Cancel& cancel) {
  const auto contents = read_contents(repository, descriptor, cancel);
  const auto real = follow(contents, path);
  const auto found = contents.find(real);
  if (found == contents.end() || !has_bytes(found->second)) {
    Error error(Kind::input, cat("the image has no file ", path));
    std::vector<std::string> known;
    for (const auto& [name, file] : contents)
      known.push_back(name);
    if (const auto near = nearest(real, known))
      error.hint(cat("did you mean /", *near, "?"));
    throw std::move(error);
  }
  const auto manifest = image_manifest(repository, descriptor);
  visit_layers(repository,
               manifest,
               {},
               cancel,
               [&](const Place& place, const archive::Entry& /*entry*/, Source& body) {
                 if (place == found->second.bytes_at)
                   copy(body, to);
               });
}

void read_files(Repository& repository,
                const Descriptor& descriptor,
                const Contents& contents,
                const std::function<bool(const std::string&, const File&)>& wanted,
                const Cancel& cancel,
                const std::function<void(const std::string&, std::string)>& visit) {
  std::map<Place, const std::string*> places;  // the first path, where several are linked
  for (const auto& [path, file] : contents) {
    const bool has_bytes = file.entry.type == archive::EntryType::file ||
                           file.entry.type == archive::EntryType::hardlink;
    if (has_bytes && wanted(path, file))
      places.emplace(file.bytes_at, &path);
  }
  visit_layers(repository,
               image_manifest(repository, descriptor),
               {},
               cancel,
               [&](const Place& place, const archive::Entry& entry, Source& body) {
                 if (const auto found = places.find(place); found != places.end())
                   visit(*found->second, read_all(body, entry.size, *found->second));
               });
}

std::vector<Difference> diff(const Contents& before, const Contents& after) {
  std::vector<Difference> out;
  for (const auto& [path, file] : before) {
    const auto other = after.find(path);
    if (other == after.end()) {
      out.push_back({Difference::Kind::removed, path, ""});
      continue;
    }
    if (auto what = changes(file, other->second); !what.empty())
      out.push_back({Difference::Kind::changed, path, std::move(what)});
  }
  for (const auto& [path, file] : after)
    if (before.count(path) == 0)
      out.push_back({Difference::Kind::added, path, ""});
  std::sort(out.begin(), out.end(), [](const Difference& a, const Difference& b) {
    return a.path < b.path;
  });
  return out;
}

}  // namespace cullet::image
