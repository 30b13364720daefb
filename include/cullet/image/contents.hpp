// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::image {

/// One path of an image's root file system.
struct File {
  archive::Entry entry;
  Sha256 content;         ///< of a file; of a hardlink, of the file it is a link of
  std::size_t layer = 0;  ///< index of the layer that brought it
  /// Where its bytes are: the layer's index, and the entry's in it. A hard link keeps the bytes
  /// that it was made of, whatever comes to lie under its target's name later.
  std::pair<std::size_t, std::size_t> bytes_at{};
};

/// What a container would see, by path: layers over each other, whiteouts applied (image-spec,
/// layer.md, "Whiteouts").
using Contents = std::map<std::string, File>;

/// Reads all layers of an image manifest once, verified against their digests. Throws Kind::input
/// for a manifest that is no image's and for malformed layers, Kind::refused for other bytes.
/// Layers in `skip` are taken for empty.
Contents read_contents(Repository& repository,
                       const Descriptor& manifest,
                       const Cancel& cancel,
                       const std::set<BlobDigest>& skip = {});

/// The path that `path` means once symlinks are followed inside the image's root (at most 40, else
/// Kind::input); it need not be there.
std::string follow(const Contents& contents, const std::string& path);

/// Copies one file's bytes; symlinks are followed inside the image (at most 40). Throws Kind::input
/// when there is no such file, naming the nearest.
void read_file(Repository& repository,
               const Descriptor& manifest,
               const std::string& path,
               Sink& to,
               const Cancel& cancel);

/// Calls `visit` with the bytes of each file that `wanted` accepts, layer by layer; of those that
/// are linked to each other, for the first path only. `contents` is what read_contents() gave for
/// this image. Throws likewise.
void read_files(Repository& repository,
                const Descriptor& manifest,
                const Contents& contents,
                const std::function<bool(const std::string& path, const File& file)>& wanted,
                const Cancel& cancel,
                const std::function<void(const std::string& path, std::string bytes)>& visit);

/// What distinguishes two images' files.
struct Difference {
  enum class Kind { added, removed, changed } kind = Kind::changed;
  std::string path;
  std::string what;  ///< of a change: "content, mode 0644 → 0755"
};
std::vector<Difference> diff(const Contents& before, const Contents& after);

}  // namespace cullet::image
