// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/store/store.hpp"

namespace cullet::image {

/// What a layer holds, entry by entry in the layer's order, whiteouts included.
///
/// Serialised, a line each, names as base/percent.hpp writes them:
///   cullet-layer 1
///   d 0755 0 0 usr
///   f 0644 0 0 1234 <64 hex> usr/include/zlib.h
///   l 0777 0 0 usr/lib/libz.so libz.so.1
///   h 0755 0 0 usr/bin/b usr/bin/a
///   x security.capability %01%00…         an extended attribute of the entry above
struct LayerListing {
  struct Item {
    archive::Entry entry;
    Sha256 content;  ///< of a file
  };
  std::vector<Item> items;

  [[nodiscard]] std::string serialize() const;
  /// Throws Kind::refused, naming the line, for what serialize() would not have written.
  static LayerListing parse(std::string_view text);
};

/// Bytes of a listing that are kept; a layer with a longer one is read each time.
inline constexpr std::uint64_t kMaxListingBytes = std::uint64_t{256} << 20U;

/// Of memory for the lists of one image: four million files with paths of usual length.
inline constexpr std::uint64_t kMostListedBytes = std::uint64_t{1} << 30U;

/// What the store knows of a layer: the record of the action {"action": "layer-listing", "layer",
/// "version"}, value {"layer", "tree"}, with the listing as its one blob. It was made of bytes that
/// hash to `layer`, so it holds wherever that layer is. nullopt where there is none.
std::optional<LayerListing> find_listing(const store::Store& store, const BlobDigest& layer);
/// The tree that a layer of this store was made of, whose files have the bytes; nullopt where it is
/// not known or gone.
std::optional<store::Tree> find_listed_tree(const store::Store& store, const BlobDigest& layer);

/// The listings of some layers, in their order: those that the store doesn't know are read and
/// verified, on up to `threads` threads, and remembered there. `store` may be null. Throws as
/// read_contents(), and Kind::input where the lists would take more than `most_bytes` of memory.
std::vector<LayerListing> list_layers(Repository& repository,
                                      const std::vector<Descriptor>& layers,
                                      store::Store* store,
                                      unsigned threads,
                                      const Cancel& cancel,
                                      std::uint64_t most_bytes = kMostListedBytes);

}  // namespace cullet::image
