// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cullet/image/manifest.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::fuzz {

/// A repository in memory, so that an input costs no file. It holds what it is given, right or
/// wrong, and hands out bytes as a registry's would be: verified.
class MemoryRepository final : public image::Repository {
 public:
  image::Descriptor add(std::string bytes, std::string_view media_type) {
    auto descriptor = image::Descriptor::of(bytes, std::string(media_type));
    content_[descriptor.digest] = {std::move(bytes), std::string(media_type)};
    return descriptor;
  }
  void add_referrer(const image::Descriptor& referrer) { referrers_.push_back(referrer); }

  [[nodiscard]] std::string name() const override { return "memory"; }
  std::optional<image::Descriptor> find_tag(const std::string& tag) override {
    const auto found = tags_.find(tag);
    return found == tags_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> tags() override {
    std::vector<std::string> names;
    for (const auto& [name, target] : tags_)
      names.push_back(name);
    return names;
  }
  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override {
    const auto found = content_.find(digest);
    return found == content_.end() ? std::nullopt : std::optional(found->second);
  }
  bool has_manifest(const BlobDigest& digest) override { return content_.contains(digest); }
  bool has_blob(const image::Descriptor& blob) override { return content_.contains(blob.digest); }
  std::unique_ptr<Source> open_blob(const image::Descriptor& blob) override {
    const auto found = content_.find(blob.digest);
    if (found == content_.end())
      throw Error(Kind::refused, "there is no such blob");
    return std::make_unique<Verified>(found->second.bytes, blob);
  }
  void put_blob(const image::Descriptor& blob, const image::BlobOrigin& origin) override {
    const auto source = origin.open();
    add(read_all(*source, blob.size, "a blob"), blob.media_type);
  }
  image::Descriptor put_manifest(const std::string& bytes, const std::string& type) override {
    return add(bytes, type);
  }
  void put_tag(const std::string& tag,
               const image::Descriptor& manifest,
               const std::string& /*bytes*/) override {
    tags_[tag] = manifest;
  }
  std::vector<image::Descriptor> referrers(const BlobDigest& /*digest*/,
                                           const std::string& /*artifact_type*/) override {
    return referrers_;
  }

 private:
  class Verified final : public Source {
   public:
    Verified(std::string_view bytes, const image::Descriptor& blob)
        : memory_(bytes), verifying_(memory_, blob.digest, blob.size) {}
    std::size_t read(std::span<std::byte> into) override { return verifying_.read(into); }

   private:
    MemorySource memory_;
    VerifyingSource verifying_;
  };

  std::map<BlobDigest, ManifestBytes> content_;
  std::map<std::string, image::Descriptor> tags_;
  std::vector<image::Descriptor> referrers_;
};

}  // namespace cullet::fuzz
