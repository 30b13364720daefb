// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/claimed_directory.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/image/oci_layout.hpp"
#include "cullet/registry/copy.hpp"
#include "cullet/registry/image_file.hpp"

#include "image_file_layout.hpp"

namespace cullet::registry {
namespace {

namespace fs = std::filesystem;

/// Counts what is read, and stops when it is asked to.
class Watched final : public Source {
 public:
  Watched(Source& inner, const std::function<void(std::size_t)>& read, const Cancel& cancel)
      : inner_(inner), read_(read), cancel_(cancel) {}
  std::size_t read(std::span<std::byte> into) override {
    cancel_.check();
    const auto count = inner_.read(into);
    read_(count);
    return count;
  }

 private:
  Source& inner_;
  const std::function<void(std::size_t)>& read_;
  const Cancel& cancel_;
};

archive::Entry entry_of(std::string_view path, archive::EntryType type, std::uint64_t size) {
  const std::uint32_t mode = type == archive::EntryType::directory ? 0755 : 0644;
  return {*RelativePath::parse(path), type, mode, 0, 0, size, {}, {}};
}

/// What the layout's index says, in an order of its own, with the image first of all named.
std::string index_of(const fs::path& layout,
                     const image::Descriptor& manifest,
                     const std::string& tag) {
  auto index = image::Index::parse(read_file(layout / "index.json", kMaxIndexBytes), "index.json");
  auto image = manifest;
  image.annotations.clear();
  if (!tag.empty())
    image.annotations[std::string(image::kRefName)] = tag;
  auto& entries = index.manifests;
  std::erase_if(entries,
                [&](const image::Descriptor& entry) { return entry.digest == image.digest; });
  entries.push_back(image);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.digest, tag_of(a)) < std::pair(b.digest, tag_of(b));
  });
  index.annotations = {{std::string(kImageAnnotation), manifest.digest.str()}};
  return index.serialize();
}

struct Blob {
  BlobDigest digest;
  std::uint64_t size = 0;
};

std::vector<Blob> blobs_of(const fs::path& folder) {
  std::vector<Blob> blobs;
  for (const auto& name : list_directory(open_directory(folder).get(), folder.string()))
    if (const auto digest = Sha256::parse_hex(name))
      blobs.push_back({BlobDigest(*digest), fs::file_size(folder / name)});
  return blobs;
}

void write_text(archive::TarWriter& tar, std::string_view name, std::string_view text) {
  MemorySource source(text);
  tar.add(entry_of(name, archive::EntryType::file, text.size()), &source);
}

std::uint64_t write_tar(const fs::path& layout,
                        const std::string& index,
                        Sink& out,
                        const ImageFileOptions& options,
                        const Cancel& cancel) {
  const auto blobs = blobs_of(layout / image::kBlobFolder);
  std::uint64_t total = 0, done = 0;
  for (const auto& blob : blobs)
    total += blob.size;
  const std::function<void(std::size_t)> count = [&](std::size_t bytes) {
    done += bytes;
    if (options.progress)
      options.progress(done, total);
  };
  archive::TarWriter tar(out);
  tar.add(entry_of("blobs", archive::EntryType::directory, 0));
  tar.add(entry_of(image::kBlobFolder, archive::EntryType::directory, 0));
  for (const auto& blob : blobs) {
    const auto name = cat(image::kBlobFolder, "/", blob.digest.hex());
    const auto file = open_file(layout / name, O_RDONLY);
    FdSource source(file.get(), name);
    VerifyingSource verified(source, blob.digest, blob.size);
    Watched watched(verified, count, cancel);
    tar.add(entry_of(name, archive::EntryType::file, blob.size), &watched);
  }
  write_text(tar, "index.json", index);
  write_text(tar, "oci-layout", image::kLayoutText);
  tar.finish();
  return tar.size();
}

}  // namespace

std::uint64_t write_image_file(image::Repository& from,
                               const image::Descriptor& manifest,
                               const fs::path& file,
                               const ImageFileOptions& options,
                               const Cancel& cancel) {
  return with_context(
      [&] { return cat("exporting ", from.name(), "@", manifest.digest); },
      [&] {
        const auto folder = options.room / "layout";
        {
          const auto layout = image::open_layout(folder, true, cancel);
          CopyOptions copy;
          copy.parallel = options.parallel;
          copy.progress = options.progress;
          copy_image(from, manifest, *layout, copy, cancel);
        }
        const ClaimedDirectory beside(file.parent_path(), ".cullet-export");
        const auto fresh = beside.path() / "file";
        std::uint64_t size = 0;
        {
          const auto fd = open_file(fresh, O_WRONLY | O_CREAT | O_EXCL, 0644);
          FdSink sink(fd.get(), fresh.string());
          size = write_tar(folder, index_of(folder, manifest, options.tag), sink, options, cancel);
          if (::fsync(fd.get()) != 0)
            throw system_error(cat("cannot sync ", fresh.string()), errno);
        }
        if (::rename(fresh.c_str(), file.c_str()) != 0)
          throw system_error(cat("cannot make ", file.string()), errno);
        sync_directory(file.parent_path());
        return size;
      });
}

}  // namespace cullet::registry
