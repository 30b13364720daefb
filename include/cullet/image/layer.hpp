// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cullet/archive/compression.hpp"
#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/image/descriptor.hpp"
#include "cullet/store/store.hpp"

namespace cullet::image {

/// The version of the assembly contract, which says how an image's bytes follow from what is in it.
/// Whatever changes a byte for equal content is another version. Version 1:
///   layers    one for each content, tar as archive/tar_writer.hpp has it: in bytewise order of
///             paths, every parent directory once, each entry with mtime 1980-01-01T00:00:00Z
///             (zip and Python can't say an earlier one), whatever the image's `created`
///   owners    0:0, modes as under umask 022; setuid, setgid and other owners only where the recipe
///             declares them; no extended attributes
///   links     of several names of one file, the first in order is the file and the others are its
///             hard links; sockets, fifos and devices are refused
///   created   the committer time of the fork's pin (of the newest, where an image has none of its
///             own; 1980-01-01 where it holds packages alone), patched or not
///   blobs     zstd level 3 or gzip level 6 by archive/compression.hpp; neither diffIDs nor the
///             config depend on the compressor, which an annotation of the manifest names
///   JSON      canonical (base/json.hpp): keys in order, no white space, UTF-8
/// tests/golden holds it in place.
inline constexpr int kAssembly = 1;
/// The label of the config and the annotation of the manifest that record it.
inline constexpr std::string_view kAssemblyName = "org.cullet.assembly";

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
/// them. Titles are for the message.
struct LayerContent {
  std::string title;
  const store::TreeManifest* manifest;
};
void check_conflicts(const std::vector<LayerContent>& layers);

}  // namespace cullet::image
