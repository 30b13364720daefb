// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/oci_layout.hpp"
#include "cullet/image/tag.hpp"
#include "cullet/registry/image_file.hpp"

#include "image_file_layout.hpp"
#include "manifest_types.hpp"

namespace cullet::registry {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostMembers = 100'000;
constexpr unsigned kMaxDepth = 4;
constexpr mode_t kBlobMode = 0444;

Error bad_member(const archive::Entry& entry, std::string_view why) {
  return Error(Kind::input, cat("the member '", printable(entry.path.str()), "' ", why));
}

/// Takes the members one by one, writing blobs as they come.
class Unpacking {
 public:
  Unpacking(const fs::path& folder, const Cancel& cancel) : folder_(folder), cancel_(cancel) {
    make_directories(folder_ / image::kBlobFolder);
  }

  void take(const archive::Entry& entry, Source& body) {
    const auto& path = entry.path.str();
    if (!seen_.insert(path).second)
      throw bad_member(entry, "is in there twice");
    if (entry.type == archive::EntryType::directory &&
        (path == "blobs" || path == image::kBlobFolder))
      return;
    if (entry.type != archive::EntryType::file)
      throw bad_member(entry, "is neither a file nor a directory of a layout");
    if (path == "index.json" || path == "oci-layout")
      texts_[path] = read_all(body, kMaxIndexBytes, path);
    else if (const auto digest = digest_of(path))
      take_blob(entry, *digest, body);
    else
      throw bad_member(entry, "is no part of an OCI layout");
  }

  /// Writes the rest, when all has been taken.
  void finish() {
    for (const auto* name : {"oci-layout", "index.json"}) {
      const auto text = texts_.find(name);
      if (text == texts_.end())
        throw Error(Kind::input, cat("it has no ", name))
            .hint("it may be truncated, or no image's file: `cullet inputs export` makes them");
      replace_file(folder_ / name, text->second, 0644, Durability::buffered);
    }
  }

 private:
  static std::optional<BlobDigest> digest_of(const std::string& path) {
    const auto folder = cat(image::kBlobFolder, "/");
    const auto digest =
        path.starts_with(folder) ? Sha256::parse_hex(path.substr(folder.size())) : std::nullopt;
    return digest ? std::optional(BlobDigest(*digest)) : std::nullopt;
  }

  void take_blob(const archive::Entry& entry, const BlobDigest& digest, Source& body) {
    const auto path = folder_ / entry.path.str();
    const auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    FdSink sink(file.get(), path.string());
    VerifyingSource verified(body, digest, entry.size);
    std::vector<std::byte> buffer(std::size_t{256} << 10U);
    while (const auto count = verified.read(buffer)) {
      cancel_.check();
      sink.write(std::span(buffer).first(count));
    }
    // Without write permission a layout or store may hard-link it.
    if (::fchmod(file.get(), kBlobMode) != 0)
      throw system_error(cat("cannot change ", path.string()), errno);
  }

  const fs::path folder_;
  const Cancel& cancel_;
  std::set<std::string> seen_;
  std::map<std::string, std::string> texts_;
};

/// Throws Kind::refused where something that is named is not there.
class Closure {
 public:
  Closure(image::Repository& layout, const Cancel& cancel) : layout_(layout), cancel_(cancel) {}

  void check(const image::Descriptor& manifest, unsigned depth) {
    if (!seen_.insert(manifest.digest).second)
      return;
    cancel_.check();
    if (depth == kMaxDepth)
      throw Error(Kind::input, cat("indexes are nested deeper than ", kMaxDepth));
    const auto found = layout_.find_manifest(manifest.digest);
    if (!found)
      throw Error(Kind::refused, cat("it lacks the manifest ", manifest.digest));
    if (found->bytes.size() != manifest.size)
      throw Error(Kind::refused, cat("the manifest ", manifest.digest, " has another size"));
    const auto what = cat("manifest ", manifest.digest);
    if (is_index_type(found->media_type)) {
      for (const auto& child : image::Index::parse(found->bytes, what).manifests)
        check(child, depth + 1);
      return;
    }
    const auto image = image::Manifest::parse(found->bytes, what);
    check_blob(image.config);
    for (const auto& layer : image.layers)
      check_blob(layer);
  }

 private:
  void check_blob(const image::Descriptor& blob) {
    if (!layout_.has_blob(blob))
      throw Error(Kind::refused,
                  cat("it lacks the blob ", blob.digest, ", or it has another size"));
  }

  image::Repository& layout_;
  const Cancel& cancel_;
  std::set<BlobDigest> seen_;
};

/// The image among the entries: the one that the file names, else the only one that is no signature
/// and no referrer.
image::Descriptor image_of(const image::Index& index) {
  const auto named = index.annotations.find(std::string(kImageAnnotation));
  const image::Descriptor* found = nullptr;
  for (const auto& entry : index.manifests) {
    const auto tag = tag_of(entry);
    if (named != index.annotations.end()
            ? entry.digest.str() != named->second
            : !entry.artifact_type.empty() || image::is_referrers_tag(tag))
      continue;
    if (found != nullptr && found->digest != entry.digest)
      throw Error(Kind::input, "it holds several images").hint("export them one by one");
    if (found == nullptr || !tag.empty())
      found = &entry;
  }
  if (found == nullptr)
    throw Error(Kind::input, "its index names no image");
  return *found;
}

/// The tag that an image comes with becomes one of a registry; it must not speak for another image.
void check_tag(const std::string& tag) {
  if (tag.empty())
    return;
  with_context("looking at the tag of its image", [&] { image::require_tag(tag); });
  if (image::is_referrers_tag(tag))
    throw Error(Kind::input, cat("its image has the tag '", tag, "'"))
        .detail("where signatures of another image are looked for");
}

/// Counts what is read of the file.
class Counted final : public Source {
 public:
  Counted(Source& inner,
          std::uint64_t total,
          const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : inner_(inner), total_(total), progress_(progress) {}
  std::size_t read(std::span<std::byte> into) override {
    const auto count = inner_.read(into);
    done_ += count;
    if (progress_)
      progress_(done_, total_);
    return count;
  }

 private:
  Source& inner_;
  std::uint64_t total_, done_ = 0;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
};

}  // namespace

ImageFile read_image_file(const fs::path& file,
                          const fs::path& room,
                          const std::function<void(std::uint64_t, std::uint64_t)>& progress,
                          const Cancel& cancel) {
  return with_context(
      [&] { return cat("reading ", file.string()); },
      [&] {
        const auto folder = room / "layout";
        const auto fd = open_file(file, O_RDONLY | O_NONBLOCK);  // a fifo must not hold us up
        struct stat status {};
        if (::fstat(fd.get(), &status) != 0)
          throw system_error(cat("cannot read ", file.string()), errno);
        if (!S_ISREG(status.st_mode))
          throw Error(Kind::input, cat(file.string(), " is no regular file"));
        FdSource source(fd.get(), file.string());
        Counted counted(source, static_cast<std::uint64_t>(status.st_size), progress);
        archive::Reader reader(counted,
                               file.filename().string(),
                               archive::Format::tar,
                               {.bytes = kMaxImageFileBytes, .entries = kMostMembers});
        Unpacking unpacking(folder, cancel);
        while (const auto entry = reader.next()) {
          cancel.check();
          unpacking.take(*entry, reader.body());
        }
        unpacking.finish();
        ImageFile out;
        out.layout = image::open_layout(folder, false, cancel);
        const auto index =
            image::Index::parse(read_file(folder / "index.json", kMaxIndexBytes), "its index");
        out.manifest = image_of(index);
        out.tag = tag_of(out.manifest);
        check_tag(out.tag);
        out.manifest.annotations.clear();
        Closure closure(*out.layout, cancel);
        for (const auto& entry : index.manifests)
          closure.check(entry, 0);
        return out;
      });
}

}  // namespace cullet::registry
