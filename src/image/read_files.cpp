// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/contents.hpp"
#include "cullet/image/layer_listing.hpp"

#include "layer_reader.hpp"
#include "tree_files.hpp"

namespace cullet::image {

namespace {

/// A hard link whose target was not there when it came has none.
bool has_bytes(const File& file) {
  return file.entry.type == archive::EntryType::file ||
         (file.entry.type == archive::EntryType::hardlink && file.content != Sha256());
}

/// A file to be read, by the entry of its layer that has the bytes.
using Wanted = std::map<std::size_t, std::pair<const std::string*, const File*>>;
using Visit = std::function<void(const std::string& path, const File& file, Source& bytes)>;

/// Reads what the tree that a layer was made of has, and takes it off the list.
void read_from_tree(const store::Store& store,
                    const BlobDigest& layer,
                    Wanted& wanted,
                    const Visit& visit) {
  const auto tree = find_listed_tree(store, layer);
  if (!tree)
    return;
  const auto manifest = store.manifest(tree->digest);
  TreeFiles files(tree->root);
  for (auto at = wanted.begin(); at != wanted.end();) {
    const auto* const path = at->second.first;
    const auto* const file = at->second.second;
    const auto* entry = manifest.find(*path);
    if (entry != nullptr && entry->type == store::TreeEntryType::hardlink)
      entry = manifest.find(entry->target);
    if (entry == nullptr || entry->type != store::TreeEntryType::file ||
        entry->content != file->content) {
      ++at;
      continue;
    }
    with_context(cat("reading /", printable(*path), " from the store's tree ", tree->digest), [&] {
      const auto opened = files.open(*entry);
      FdSource inner(opened.get(), *path);
      VerifyingSource bytes(inner, entry->content, entry->size);
      visit(*path, *file, bytes);
    });
    at = wanted.erase(at);
  }
}

void read_from_layer(Repository& repository,
                     const Descriptor& layer,
                     const Wanted& wanted,
                     const Cancel& cancel,
                     const Visit& visit) {
  auto left = wanted.size();
  if (left == 0)
    return;
  read_layer(repository, layer, cancel, [&](const LayerVisit& at) {
    const auto found = wanted.find(at.index);
    if (found == wanted.end())
      return true;
    // The rest of the layer is not waited for, so that these bytes are verified on their own.
    const auto& [path, file] = found->second;
    VerifyingSource bytes(at.body, file->content, at.entry.size);
    visit(*path, *file, bytes);
    return --left > 0;
  });
}

void read_wanted(Repository& repository,
                 const Manifest& manifest,
                 std::map<std::size_t, Wanted>&& by_layer,
                 const Cancel& cancel,
                 const ReadOptions& options,
                 const Visit& visit) {
  for (auto& [layer, wanted] : by_layer) {
    const auto& descriptor = manifest.layers.at(layer);
    if (options.store != nullptr)
      read_from_tree(*options.store, descriptor.digest, wanted, visit);
    read_from_layer(repository, descriptor, wanted, cancel, visit);
  }
}

/// Names the path that is nearest to one that isn't there.
Error missing(const Contents& contents, const std::string& path, std::string message) {
  Error error(Kind::input, std::move(message));
  std::vector<std::string> known;
  for (const auto& [name, file] : contents)
    known.push_back(name);
  if (const auto near = nearest(path, known))
    error.hint(cat("did you mean /", *near, "?"));
  return error;
}

}  // namespace

std::string existing_path(const Contents& contents, const std::string& path) {
  if (contents.contains(path))
    return path;
  auto real = follow(contents, path);
  if (!contents.contains(real))
    throw missing(contents, real, cat("the image has no /", path));
  return real;
}

void read_file(Repository& repository,
               const Descriptor& descriptor,
               const std::string& path,
               Sink& to,
               const Cancel& cancel,
               const ReadOptions& options) {
  const auto contents = read_contents(repository, descriptor, cancel, options);
  const auto real = follow(contents, path);
  const auto found = contents.find(real);
  if (found == contents.end())
    throw missing(contents, real, cat("the image has no file ", path));
  const auto& file = found->second;
  if (!has_bytes(file))
    throw Error(Kind::input, cat("the image has no file ", path)).detail("it is no regular file");
  read_wanted(repository,
              read_manifest(repository, descriptor),
              {{file.bytes_at.first, {{file.bytes_at.second, {&real, &file}}}}},
              cancel,
              options,
              [&](const std::string&, const File&, Source& bytes) { copy(bytes, to); });
}

void read_files(Repository& repository,
                const Descriptor& descriptor,
                const Contents& contents,
                const std::function<bool(const std::string&, const File&)>& wanted,
                const Cancel& cancel,
                const std::function<void(const std::string&, std::string)>& visit,
                const ReadOptions& options) {
  std::map<std::size_t, Wanted> by_layer;
  for (const auto& [path, file] : contents)
    if (has_bytes(file) && wanted(path, file))
      by_layer[file.bytes_at.first].try_emplace(file.bytes_at.second, &path, &file);
  read_wanted(repository,
              read_manifest(repository, descriptor),
              std::move(by_layer),
              cancel,
              options,
              [&](const std::string& path, const File& file, Source& bytes) {
                visit(path, read_all(bytes, file.entry.size, path));
              });
}

}  // namespace cullet::image
