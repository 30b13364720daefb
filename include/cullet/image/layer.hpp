// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cullet/archive/compression.hpp"
#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/image/descriptor.hpp"
#include "cullet/store/store.hpp"

namespace cullet::image {

/// The version of the assembly contract (design.md section 4), recorded in every image.
inline constexpr int kAssembly = 1;

/// A layer to be: a tree of the store, and what the recipe declares beyond it. A hard link has the
/// owner and mode of its file, which is where they are declared.
struct LayerSpec {
  store::Tree tree;
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> owners;  ///< uid, gid by path
  std::map<std::string, std::uint32_t> modes;                             ///< by path
  archive::Compression compression;
};

struct Layer {
  Descriptor blob;  ///< media type with "+zstd" or "+gzip"
  DiffId diff_id;
  std::uint64_t uncompressed_size = 0;
};

/// Writes the layer's blob into the store, reading each file once: tar, compression, the blob's
/// digest, the diffID and each file's own digest in one pass, on `threads` threads beside the
/// caller's. A file whose bytes no longer match the tree's manifest throws Kind::refused. Owners
/// and modes for paths the tree doesn't hold, or for its hard links, throw Kind::input, as does a
/// name that begins with ".wh.", which runtimes take for a removal. What it holds is remembered,
/// too (image/layer_listing.hpp). Durable on return.
Layer pack_layer(store::Store& store,
                 const LayerSpec& spec,
                 unsigned threads,
                 const Cancel& cancel);

/// Whether layers can lie on each other without hiding anything: throws Kind::input naming the
/// path and both contents where one path has different bytes, types, modes or targets in two of
/// them. `titles` are for the message.
struct LayerContent {
  std::string title;
  const store::TreeManifest* manifest;
};
void check_conflicts(const std::vector<LayerContent>& layers);

}  // namespace cullet::image
