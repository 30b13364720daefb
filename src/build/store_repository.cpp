// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/image/blob_file.hpp"

namespace cullet::build {

namespace {

class StoreRepository final : public image::Repository {
 public:
  StoreRepository(store::Store& store, std::string name) : store_(store), name_(std::move(name)) {}

  [[nodiscard]] std::string name() const override { return name_; }
  std::optional<image::Descriptor> find_tag(const std::string&) override { return std::nullopt; }
  std::vector<std::string> tags() override { return {}; }
  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override {
    if (!store_.has_blob(digest))
      return std::nullopt;
    auto bytes = store_.read_blob(digest, image::kMaxManifestBytes);
    const auto json = parse_json(bytes, digest.str(), image::kMaxManifestBytes);
    return ManifestBytes{std::move(bytes), string_at(json, "mediaType", digest.str())};
  }
  bool has_manifest(const BlobDigest& digest) override { return store_.has_blob(digest); }
  bool has_blob(const image::Descriptor& blob) override {
    return store_.blob_size(blob.digest) == blob.size;
  }
  std::unique_ptr<Source> open_blob(const image::Descriptor& blob) override {
    return image::open_blob_file(store_.open_blob(blob.digest), blob);
  }
  std::filesystem::path blob_file(const image::Descriptor& blob) override {
    return store_.blob_path(blob.digest);
  }
  std::vector<image::Descriptor> referrers(const BlobDigest&, const std::string&) override {
    return {};
  }

  void put_blob(const image::Descriptor&, const image::BlobOrigin&) override { read_only(); }
  image::Descriptor put_manifest(const std::string&, const std::string&) override { read_only(); }
  void put_tag(const std::string&, const image::Descriptor&, const std::string&) override {
    read_only();
  }

 private:
  [[noreturn]] static void read_only() {
    throw Error(Kind::internal, "the store is no repository to push to");
  }
  store::Store& store_;
  const std::string name_;
};

}  // namespace

std::unique_ptr<image::Repository> store_repository(store::Store& store, std::string name) {
  return std::make_unique<StoreRepository>(store, std::move(name));
}

}  // namespace cullet::build
