// SPDX-License-Identifier: Apache-2.0
// Layers from a registry, laid over one of ours: whiteouts, links, what a container would see.
#include "cullet/archive/tar_writer.hpp"
#include "cullet/image/contents.hpp"

#include "../support/string_sink.hpp"
#include "fuzz.hpp"
#include "memory_repository.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

std::string lower_layer() {
  StringSink bytes;
  archive::TarWriter writer(bytes);
  const auto add = [&](const char* path, archive::EntryType type, std::string target = {}) {
    MemorySource body("1\n");
    const bool file = type == archive::EntryType::file;
    writer.add({.path = *RelativePath::parse(path),
                .type = type,
                .size = file ? 2U : 0U,
                .target = std::move(target),
                .xattrs = {}},
               file ? &body : nullptr);
  };
  add("d", archive::EntryType::directory);
  add("d/f", archive::EntryType::file);
  add("d/h", archive::EntryType::hardlink, "d/f");
  add("l", archive::EntryType::symlink, "../d/./f");
  add("loop", archive::EntryType::symlink, "loop");
  writer.finish();
  return std::move(bytes).text();
}

/// An image of two layers, with a config that says the truth about them.
image::Descriptor put_image(MemoryRepository& repository, std::string_view upper) {
  image::Manifest manifest;
  image::Config config;
  for (const auto& bytes : {lower_layer(), std::string(upper)}) {
    manifest.layers.push_back(repository.add(bytes, image::kLayerType));
    config.layers.push_back({DiffId(sha256(bytes)), "fuzz"});
  }
  manifest.config = repository.add(config.serialize(), image::kConfigType);
  return repository.add(manifest.serialize(), image::kManifestType);
}

/// Every file can be read by its path, and is what the list says.
void read_files(MemoryRepository& repository,
                const image::Descriptor& image,
                const image::Contents& contents) {
  int most = 8;  // each reads the layers again
  for (const auto& entry : contents) {
    if (most-- == 0)
      break;
    StringSink bytes;
    const bool read =
        accepts([&] { image::read_file(repository, image, entry.first, bytes, Cancel()); });
    if (read && entry.second.entry.type != archive::EntryType::symlink)
      require(sha256(bytes.text()) == entry.second.content, "a file is what its digest says");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryRepository repository;
  const auto image = put_image(repository, text_of(data, size));
  accepts([&] {
    const auto contents = image::read_contents(repository, image, Cancel());
    for (const auto& [path, file] : contents) {
      const auto parsed = RelativePath::parse(path);
      require(parsed && parsed->str() == path, "paths are relative and normal");
      require(file.layer < 2, "a file comes from one of the layers");
    }
    require(image::diff(contents, contents).empty(), "an image does not differ from itself");
    read_files(repository, image, contents);
  });
  accepts([&] { image::validate(repository, image, Cancel()); });
  return 0;
}
