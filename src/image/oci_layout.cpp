// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/oci_layout.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/blob_file.hpp"
#include "cullet/image/tag.hpp"

#include "layout_blobs.hpp"
#include "layout_index.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kVersion = "1.0.0";
constexpr std::uint64_t kMaxVersionBytes = 4096;

class OciLayout final : public Repository {
 public:
  OciLayout(std::filesystem::path folder, const Cancel& cancel)
      : folder_(std::move(folder)), cancel_(cancel), blobs_(folder_) {}

  void create() {
    make_directories(folder_);
    const LayoutLock lock(folder_, cancel_);
    if (!exists("oci-layout")) {
      refuse_foreign_folder();
      make_directories(folder_ / kBlobFolder);
      if (!exists("index.json"))
        LayoutIndex().write(index_file());
      // Last: what makes it a layout.
      replace_file(folder_ / "oci-layout", kLayoutText);
    }
    blobs_.remove_leftovers();
  }

  void check_version() const {
    const auto file = folder_ / "oci-layout";
    if (!exists("oci-layout"))
      throw Error(Kind::input, cat("there is no image layout at ", folder_.native()))
          .detail(cat(file.native(), " is missing"));
    const auto json = parse_json(read_file(file, kMaxVersionBytes), file.native());
    if (const auto& version = string_at(json, "imageLayoutVersion", file.native());
        version != kVersion)
      throw Error(
          Kind::input,
          cat(folder_.native(), " is an image layout of version ", version, ", not ", kVersion));
  }

  [[nodiscard]] std::string name() const override { return "oci:" + folder_.native(); }

  std::optional<Descriptor> find_tag(const std::string& tag) override {
    return read_index().find_tag(tag);
  }
  std::vector<std::string> tags() override { return read_index().tags(); }

  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override {
    const auto size = blobs_.size(digest);
    if (!size)
      return std::nullopt;
    if (*size > kMaxManifestBytes)
      throw Error(Kind::refused, cat("manifest ", digest, " has ", *size, " bytes"))
          .detail(cat("manifests are at most ", kMaxManifestBytes, " bytes"));
    Descriptor blob;
    blob.digest = digest;
    blob.size = *size;
    const auto source = open_blob_file(blobs_.open(digest), blob);
    auto bytes = read_all(*source, kMaxManifestBytes, cat("manifest ", digest));
    auto type = media_type(digest, bytes);
    return ManifestBytes{std::move(bytes), std::move(type)};
  }

  bool has_manifest(const BlobDigest& digest) override { return blobs_.size(digest).has_value(); }
  bool has_blob(const Descriptor& blob) override { return blobs_.size(blob.digest) == blob.size; }
  std::unique_ptr<Source> open_blob(const Descriptor& blob) override {
    return open_blob_file(blobs_.open(blob.digest), blob);
  }
  std::filesystem::path blob_file(const Descriptor& blob) override {
    return blobs_.path(blob.digest);
  }

  void put_blob(const Descriptor& blob, const BlobOrigin& origin) override {
    with_context([&] { return cat("putting blob ", blob.digest, " into ", name()); },
                 [&] {
                   if (has_blob(blob))
                     return;
                   if (!origin.file.empty() && blobs_.link(blob, origin.file, cancel_))
                     return;
                   copy_blob(blob, origin);
                 });
  }

  Descriptor put_manifest(const std::string& bytes, const std::string& media_type) override {
    auto descriptor = Descriptor::of(bytes, media_type);
    return with_context(
        [&] { return cat("putting manifest ", descriptor.digest, " into ", name()); },
        [&] {
          put_manifest(bytes, descriptor);
          return descriptor;
        });
  }

  void put_tag(const std::string& tag,
               const Descriptor& manifest,
               const std::string& /*bytes*/) override {
    require_tag(tag);
    if (blobs_.size(manifest.digest) != manifest.size)
      throw Error(Kind::refused,
                  cat("tag '",
                      tag,
                      "' can't point to ",
                      manifest.digest,
                      ": ",
                      name(),
                      " does not hold that manifest"));
    const LayoutLock lock(folder_, cancel_);
    auto index = read_index();
    if (index.find_tag(tag) == manifest)
      return;
    index.set_tag(tag, manifest);
    index.write(index_file());
  }

  std::vector<Descriptor> referrers(const BlobDigest& digest,
                                    const std::string& artifact_type) override {
    std::vector<Descriptor> list;
    for (const auto& entry : read_index().untagged()) {
      if (entry.media_type != kManifestType ||
          (!artifact_type.empty() && !entry.artifact_type.empty() &&
           entry.artifact_type != artifact_type))
        continue;
      const auto found = find_manifest(entry.digest);
      if (!found)
        continue;  // removed by another tool
      const auto manifest = Manifest::try_parse(found->bytes);
      if (!manifest || !manifest->subject || manifest->subject->digest != digest)
        continue;
      auto descriptor = referrer(Descriptor::of(found->bytes, found->media_type), *manifest);
      if (artifact_type.empty() || descriptor.artifact_type == artifact_type)
        list.push_back(std::move(descriptor));
    }
    std::sort(list.begin(), list.end(), [](const Descriptor& a, const Descriptor& b) {
      return a.digest < b.digest;
    });
    return list;
  }

 private:
  [[nodiscard]] std::filesystem::path index_file() const { return folder_ / "index.json"; }
  [[nodiscard]] LayoutIndex read_index() const { return LayoutIndex::read(index_file()); }
  [[nodiscard]] bool exists(const char* file) const {
    std::error_code error;
    return std::filesystem::exists(folder_ / file, error);
  }

  /// A mistyped path must not fill somebody's folder. What a killed create() leaves is no obstacle.
  void refuse_foreign_folder() const {
    const auto folder = open_directory(folder_);
    for (const auto& file : list_directory(folder.get(), folder_.native()))
      if (file != "blobs" && file != "index.json" && !file.starts_with("."))
        throw Error(Kind::input, cat(folder_.native(), " is neither empty nor an image layout"))
            .detail(cat("it holds '", printable(file), "'"));
  }

  /// As the manifest says, else its entry in the index, else by what it holds (image-spec leaves
  /// the field optional).
  [[nodiscard]] std::string media_type(const BlobDigest& digest, const std::string& bytes) const {
    const auto what = cat("manifest ", digest);
    const auto json = parse_json(bytes, what, kMaxManifestBytes);
    if (!json.is_object())
      throw Error(Kind::input, cat(what, " must be a JSON object"));
    if (auto type = optional_string(json, "mediaType", what); !type.empty())
      return type;
    if (auto type = listed_type(digest); !type.empty())
      return type;
    return std::string(json.contains("manifests") ? kIndexType : kManifestType);
  }

  /// An index may list thousands of manifests that don't say their type: it is not parsed for each.
  [[nodiscard]] std::string listed_type(const BlobDigest& digest) const {
    struct stat status {};
    if (::stat(index_file().c_str(), &status) != 0)
      throw system_error(cat("cannot read ", index_file().native()), errno);
    const Version now{status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    // It is replaced as a whole, by anyone.
    if (now != types_of_) {
      types_ = read_index().media_types();
      types_of_ = now;
    }
    const auto found = types_.find(digest);
    return found == types_.end() ? std::string() : found->second;
  }

  void copy_blob(const Descriptor& blob, const BlobOrigin& origin) const {
    if (origin.open) {
      const auto source = origin.open();
      blobs_.copy(blob, *source, cancel_);
      return;
    }
    if (origin.file.empty())
      throw Error(Kind::internal, cat("blob ", blob.digest, " has no origin"));
    const auto file = open_file(origin.file, O_RDONLY);
    FdSource source(file.get(), origin.file.native());
    blobs_.copy(blob, source, cancel_);
  }

  /// A referrer's descriptor as the referrers API would list it (distribution-spec, "Listing
  /// referrers").
  static Descriptor referrer(Descriptor descriptor, const Manifest& manifest) {
    descriptor.artifact_type =
        manifest.artifact_type.empty() ? manifest.config.media_type : manifest.artifact_type;
    descriptor.annotations = manifest.annotations;
    return descriptor;
  }

  void put_manifest(const std::string& bytes, Descriptor& descriptor) {
    if (bytes.size() > kMaxManifestBytes)
      throw Error(Kind::input, cat("a manifest of ", bytes.size(), " bytes is too large"));
    std::optional<Manifest> manifest;
    if (descriptor.media_type == kManifestType) {
      manifest = Manifest::parse(bytes, cat("manifest ", descriptor.digest));
      require_blobs(*manifest);
    }
    if (blobs_.size(descriptor.digest) != descriptor.size) {
      MemorySource source(bytes);
      blobs_.copy(descriptor, source, cancel_);
    }
    if (!manifest || !manifest->subject)
      return;
    descriptor = referrer(std::move(descriptor), *manifest);
    const LayoutLock lock(folder_, cancel_);
    auto index = read_index();
    if (index.add_untagged(descriptor))
      index.write(index_file());
  }

  void require_blobs(const Manifest& manifest) {
    const auto require = [&](const Descriptor& blob) {
      if (!has_blob(blob))
        throw Error(
            Kind::refused,
            cat("the manifest names blob ", blob.digest, ", which ", name(), " does not hold"));
    };
    require(manifest.config);
    for (const auto& layer : manifest.layers)
      require(layer);
  }

  std::filesystem::path folder_;
  Cancel cancel_;
  LayoutBlobs blobs_;
  /// Types that index.json gives, and which one it was.
  using Version = std::tuple<ino_t, off_t, time_t, long>;
  mutable std::map<BlobDigest, std::string> types_;
  mutable std::optional<Version> types_of_;
};

}  // namespace

std::unique_ptr<Repository> open_layout(const std::filesystem::path& folder,
                                        bool create,
                                        const Cancel& cancel) {
  auto layout = std::make_unique<OciLayout>(folder, cancel);
  if (create)
    layout->create();
  layout->check_version();
  return layout;
}

}  // namespace cullet::image
