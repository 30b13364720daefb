// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <functional>

#include <sys/stat.h>

#include "cullet/image/layer.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/image/oci_layout.hpp"
#include "cullet/store/store.hpp"

#include "archive/support.hpp"

namespace cullet::image {

using archive::run_tool;
using archive::temporary_parent;
using cullet::failure;

/// A store and room for a layout, gone after the test.
class Room {
 public:
  Room() : directory_(temporary_parent(), "image"), store(directory_.path() / "store", {}) {}

  [[nodiscard]] std::filesystem::path path(const char* name) const {
    return directory_.path() / name;
  }
  /// A tree of what `fill` puts into an empty directory.
  store::Tree tree(const std::function<void(const std::filesystem::path&)>& fill,
                   const store::CapturePolicy& policy = {}) {
    auto staged = store.stage_tree();
    fill(staged.root());
    return store.commit_tree(std::move(staged), policy, 2, cancel);
  }
  std::unique_ptr<Repository> layout(const char* name = "layout") {
    return open_layout(path(name), true, cancel);
  }

 private:
  TemporaryDirectory directory_;

 public:
  store::Store store;
  Cancel cancel;
};

inline void put(const std::filesystem::path& file, std::string_view text, unsigned mode = 0644) {
  make_directories(file.parent_path());
  replace_file(file, text, mode, Durability::buffered);
}

/// A tree with one of everything.
inline store::Tree sample_tree(Room& room) {
  return room.tree([](const std::filesystem::path& root) {
    put(root / "etc/motd", "hello\n");
    put(root / "usr/bin/tool", "#!/bin/sh\necho tool\n", 0755);
    std::filesystem::create_hard_link(root / "usr/bin/tool", root / "usr/bin/ztool");
    std::filesystem::create_symlink("usr/bin", root / "bin");
    put(root / "usr/share/big", archive::sample(archive::kFrameSize + 1000));
    put(root / ("usr/share/F\xc5\x91"
                "tan"),
        "utf8");
    put(root / "usr/share/empty", "");
    std::filesystem::create_directories(root / "var/log");
  });
}

inline LayerSpec layer_spec(const store::Tree& tree, archive::Compression compression = {}) {
  return {.tree = tree, .owners = {}, .modes = {}, .compression = compression};
}

inline BlobOrigin memory_origin(std::string bytes) {
  return {.open = [bytes = std::move(bytes)]() -> std::unique_ptr<Source> {
            struct Owning final : Source {
              explicit Owning(std::string text) : text_(std::move(text)), inner_(text_) {}
              std::size_t read(std::span<std::byte> into) override { return inner_.read(into); }
              std::string text_;
              MemorySource inner_;
            };
            return std::make_unique<Owning>(bytes);
          },
          .file = {},
          .mount_from = {}};
}

inline Descriptor put_text(Repository& to, const std::string& bytes, std::string_view media_type) {
  const auto blob = Descriptor::of(bytes, std::string(media_type));
  to.put_blob(blob, memory_origin(bytes));
  return blob;
}

/// Puts an image of the layers, with its config, under a tag.
inline Descriptor put_image(Room& room,
                            Repository& to,
                            const std::vector<Layer>& layers,
                            const std::string& tag) {
  Config config;
  config.created = 1700000000;
  config.entrypoint = {"/usr/bin/tool"};
  Manifest manifest;
  for (const auto& layer : layers) {
    config.layers.push_back({layer.diff_id, "a test"});
    manifest.layers.push_back(layer.blob);
    BlobOrigin origin;
    origin.file = room.store.blob_path(layer.blob.digest);
    to.put_blob(layer.blob, origin);
  }
  manifest.config = put_text(to, config.serialize(), kConfigType);
  const auto bytes = manifest.serialize();
  const auto descriptor = to.put_manifest(bytes, std::string(kManifestType));
  to.put_tag(tag, descriptor, bytes);
  return descriptor;
}

}  // namespace cullet::image
