// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/layer.hpp"

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "layer_hasher.hpp"
#include "listing_writer.hpp"
#include "tree_files.hpp"

namespace cullet::image {

namespace {

using store::TreeEntry;
using store::TreeEntryType;

/// Reads one file of a tree into the tar. Its size is held against the manifest here, its bytes by
/// the LayerHasher, which is told where they begin.
class FileBody final : public Source {
 public:
  FileBody(Fd file,
           const TreeEntry& entry,
           const archive::TarWriter& tar,
           LayerHasher& hasher,
           const Cancel& cancel)
      : file_(std::move(file)),
        inner_(file_.get(), "'" + printable(entry.path.str()) + "'"),
        entry_(entry),
        tar_(tar),
        hasher_(hasher),
        cancel_(cancel) {}

  std::size_t read(std::span<std::byte> into) override {
    cancel_.check();
    if (seen_ == 0 && entry_.size > 0)
      hasher_.expect(tar_.size(), entry_);
    const auto count = inner_.read(into);
    seen_ += count;
    if (count == 0 ? seen_ < entry_.size : seen_ > entry_.size)
      throw Error(Kind::refused,
                  cat("'",
                      printable(entry_.path.str()),
                      "' of the store's tree ",
                      count == 0 ? "is shorter" : "is longer",
                      " than its ",
                      entry_.size,
                      " bytes"))
          .hint("run `cullet store check --repair`, then build again");
    return count;
  }

 private:
  Fd file_;
  FdSource inner_;
  const TreeEntry& entry_;
  const archive::TarWriter& tar_;
  LayerHasher& hasher_;
  const Cancel& cancel_;
  std::uint64_t seen_ = 0;
};

std::string media_type(archive::Algorithm algorithm) {
  switch (algorithm) {
    case archive::Algorithm::zstd:
      return std::string(kLayerType) + "+zstd";
    case archive::Algorithm::gzip:
      return std::string(kLayerType) + "+gzip";
    case archive::Algorithm::none:
      break;
  }
  return std::string(kLayerType);
}

const TreeEntry& declared_entry(const store::TreeManifest& manifest,
                                const std::string& path,
                                std::string_view what) {
  const auto* const entry = manifest.find(path);
  if (entry == nullptr)
    throw Error(Kind::input,
                cat("an ", what, " is declared for '", printable(path), "', which is not there"));
  if (entry->type == TreeEntryType::hardlink)
    throw Error(Kind::input,
                cat("an ", what, " is declared for '", printable(path), "', a hard link"))
        .hint(cat("declare it for '", printable(entry->target), "', the file's first name"));
  return *entry;
}

void check_declarations(const store::TreeManifest& manifest, const LayerSpec& spec) {
  for (const auto& [path, owner] : spec.owners)
    (void)declared_entry(manifest, path, "owner");
  for (const auto& [path, mode] : spec.modes) {
    const auto& entry = declared_entry(manifest, path, "access mode");
    if (entry.type == TreeEntryType::symlink || mode > 07777)
      throw Error(Kind::input, cat("'", printable(path), "' can't have the declared mode"))
          .detail(mode > 07777 ? "modes are at most 07777" : "symbolic links have none");
  }
}

/// OCI runtimes read such a name in a layer as the removal of another file (image-spec, layer.md,
/// "Whiteouts").
void refuse_whiteout(const RelativePath& path) {
  if (path.name().starts_with(".wh."))
    throw Error(Kind::input,
                cat("'", printable(path.str()), "' can't be in a layer: its name marks a removal"));
}

archive::EntryType entry_type(TreeEntryType type) {
  switch (type) {
    case TreeEntryType::directory:
      return archive::EntryType::directory;
    case TreeEntryType::symlink:
      return archive::EntryType::symlink;
    case TreeEntryType::hardlink:
      return archive::EntryType::hardlink;
    case TreeEntryType::file:
      break;
  }
  return archive::EntryType::file;
}

archive::Entry tar_entry(const TreeEntry& from, const LayerSpec& spec) {
  archive::Entry entry{.path = from.path,
                       .type = entry_type(from.type),
                       .mode = from.mode,
                       .size = from.type == TreeEntryType::file ? from.size : 0,
                       .target = from.target,
                       .xattrs = {}};
  if (const auto mode = spec.modes.find(from.path.str()); mode != spec.modes.end())
    entry.mode = mode->second;
  if (const auto owner = spec.owners.find(from.path.str()); owner != spec.owners.end())
    std::tie(entry.uid, entry.gid) = owner->second;
  return entry;
}

/// A hard link's header says what its file's does: readers take either.
archive::Entry tar_link(const TreeEntry& from,
                        const store::TreeManifest& manifest,
                        const LayerSpec& spec) {
  const auto* const file = manifest.find(from.target);
  if (file == nullptr)
    throw Error(Kind::internal, cat("hard link '", from.path, "' to nothing"));
  auto entry = tar_entry(*file, spec);
  entry.path = from.path;
  entry.type = archive::EntryType::hardlink;
  entry.target = from.target;
  entry.size = 0;
  return entry;
}

void write_entries(archive::TarWriter& tar,
                   LayerHasher& hasher,
                   ListingWriter& listing,
                   const store::TreeManifest& manifest,
                   const LayerSpec& spec,
                   const Cancel& cancel) {
  TreeFiles files(spec.tree.root);
  for (const auto& entry : manifest.entries()) {
    cancel.check();
    refuse_whiteout(entry.path);
    const bool link = entry.type == TreeEntryType::hardlink;
    const LayerListing::Item item{link ? tar_link(entry, manifest, spec) : tar_entry(entry, spec),
                                  link ? Sha256() : entry.content};
    if (entry.type == TreeEntryType::file) {
      FileBody body(files.open(entry), entry, tar, hasher, cancel);
      tar.add(item.entry, &body);
    } else {
      tar.add(item.entry);
    }
    listing.add(item);
  }
}

}  // namespace

Layer pack_layer(store::Store& store,
                 const LayerSpec& spec,
                 unsigned threads,
                 const Cancel& cancel) {
  const auto manifest = store.manifest(spec.tree.digest);
  check_declarations(manifest, spec);

  // Destroyed in reverse: the compressor's threads use the blob and the hasher to their end.
  auto blob = store.new_blob();
  LayerHasher hasher;
  const auto compressor = archive::compress(spec.compression, blob, threads, &hasher);
  archive::TarWriter tar(*compressor);
  ListingWriter listing(store, spec.tree.digest);
  write_entries(tar, hasher, listing, manifest, spec, cancel);
  tar.finish();
  compressor->finish();

  Layer layer;
  layer.uncompressed_size = tar.size();
  layer.diff_id = hasher.finish();
  layer.blob.media_type = media_type(spec.compression.algorithm);
  layer.blob.size = blob.size();
  layer.blob.digest = blob.commit();
  // The hasher held every file against the manifest: what was written is known without reading it.
  listing.record(layer.blob.digest);
  return layer;
}

}  // namespace cullet::image
