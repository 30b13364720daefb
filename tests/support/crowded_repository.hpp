// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cullet/base/text.hpp"
#include "cullet/image/repository.hpp"

namespace cullet {

/// A repository where much else refers to each image, listed first, of which nothing is there.
class CrowdedRepository final : public image::Repository {
 public:
  CrowdedRepository(image::Repository& inner,
                    std::size_t count,
                    const std::string& artifact_type,
                    const std::map<std::string, std::string>& annotations = {})
      : inner_(inner) {
    for (std::size_t n = 0; n < count; ++n)
      others_.push_back({std::string(image::kManifestType),
                         BlobDigest(sha256(cat("n", n))),
                         1,
                         artifact_type,
                         annotations});
  }
  std::size_t asked = 0;  ///< manifests

  [[nodiscard]] std::string name() const override { return inner_.name(); }
  std::optional<image::Descriptor> find_tag(const std::string& tag) override {
    return inner_.find_tag(tag);
  }
  std::vector<std::string> tags() override { return inner_.tags(); }
  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override {
    ++asked;
    return inner_.find_manifest(digest);
  }
  bool has_manifest(const BlobDigest& digest) override { return inner_.has_manifest(digest); }
  bool has_blob(const image::Descriptor& blob) override { return inner_.has_blob(blob); }
  std::unique_ptr<Source> open_blob(const image::Descriptor& blob) override {
    return inner_.open_blob(blob);
  }
  void put_blob(const image::Descriptor& blob, const image::BlobOrigin& origin) override {
    inner_.put_blob(blob, origin);
  }
  image::Descriptor put_manifest(const std::string& bytes, const std::string& type) override {
    return inner_.put_manifest(bytes, type);
  }
  void put_tag(const std::string& tag,
               const image::Descriptor& manifest,
               const std::string& bytes) override {
    inner_.put_tag(tag, manifest, bytes);
  }
  std::vector<image::Descriptor> referrers(const BlobDigest& digest,
                                           const std::string& type) override {
    auto out = others_;
    for (auto& one : inner_.referrers(digest, type))
      out.push_back(std::move(one));
    return out;
  }

 private:
  image::Repository& inner_;
  std::vector<image::Descriptor> others_;
};

}  // namespace cullet
