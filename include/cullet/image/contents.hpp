// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/store/store.hpp"

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

struct ReadOptions {
  /// Knows what layers hold (image/layer_listing.hpp), so that each is read once ever; may be null.
  store::Store* store = nullptr;
  unsigned threads = 1;  ///< layers read at once, where several are not known
};

/// What an image holds. Layers that the store doesn't know are read, verified against their
/// digests. Throws Kind::input for a manifest that is no image's and for malformed layers,
/// Kind::refused for other bytes.
Contents read_contents(Repository& repository,
                       const Descriptor& manifest,
                       const Cancel& cancel,
                       const ReadOptions& options = {});

/// The path that `path` means once symlinks are followed inside the image's root (at most 40, else
/// Kind::input); it need not be there.
std::string follow(const Contents& contents, const std::string& path);

/// The path itself where it is there (a symlink, too), else what follow() says. Throws Kind::input
/// when neither is there, naming the nearest that is.
std::string existing_path(const Contents& contents, const std::string& path);

/// Copies one file's bytes; symlinks are followed inside the image (at most 40). Throws Kind::input
/// when there is no such file, naming the nearest.
void read_file(Repository& repository,
               const Descriptor& manifest,
               const std::string& path,
               Sink& to,
               const Cancel& cancel,
               const ReadOptions& options = {});

/// Calls `visit` with the bytes of each file that `wanted` accepts, layer by layer; of those that
/// are linked to each other, for the first path only. `contents` is what read_contents() gave for
/// this image. Files that are in a tree of the store are taken from there; layers are read no
/// further than needed. Every file is verified. Throws likewise.
void read_files(Repository& repository,
                const Descriptor& manifest,
                const Contents& contents,
                const std::function<bool(const std::string& path, const File& file)>& wanted,
                const Cancel& cancel,
                const std::function<void(const std::string& path, std::string bytes)>& visit,
                const ReadOptions& options = {});

/// What distinguishes two images' files.
struct Difference {
  enum class Kind { added, removed, changed } kind = Kind::changed;
  std::string path;
  std::string what;  ///< of a change: "content, mode 0644 → 0755"; printable()
  std::optional<std::size_t> layer_before = {}, layer_after = {};  ///< that have it, by index
  std::uint64_t size_before = 0, size_after = 0;                   ///< of a file; else 0
  bool directory = false;  ///< in the one that has it, or in both
};
std::vector<Difference> diff(const Contents& before, const Contents& after);

}  // namespace cullet::image
