// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/tags.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/image/oci_layout.hpp"

namespace cullet::build {
namespace {

/// A layout with images that differ in an annotation.
class Place {
 public:
  image::Descriptor image(const std::string& name, const std::vector<std::string>& tags) {
    image::Manifest manifest;
    manifest.config = image::Descriptor::of("{}", std::string(image::kEmptyType));
    repository->put_blob(
        manifest.config,
        {.open = [] { return std::make_unique<MemorySource>(std::string_view("{}")); },
         .file = {},
         .mount_from = {}});
    manifest.annotations["name"] = name;
    const auto bytes = manifest.serialize();
    const auto put = repository->put_manifest(bytes, std::string(image::kManifestType));
    for (const auto& tag : tags)
      repository->put_tag(tag, put, bytes);
    return put;
  }

 private:
  TemporaryDirectory directory_{"/tmp"};
  Cancel cancel_;

 public:
  std::unique_ptr<image::Repository> repository =
      image::open_layout(directory_.path() / "layout", true, cancel_);
};

plan::TagRules rules(bool patched) {
  plan::TagRules out;
  out.tags = {{"1.0", true}, {"latest", false}};
  out.patched = patched;
  out.before_number = "1.0-bg.";
  return out;
}

using Tags = std::vector<std::string>;

TEST_CASE("tags_for: a patched image gets a number of its own and keeps it") {
  Place place;
  const auto first = place.image("first", {"1.0", "latest"});
  CHECK(tags_for(*place.repository, rules(false), first.digest) == Tags{"1.0", "latest"});
  const auto second = place.image("second", {});
  CHECK(tags_for(*place.repository, rules(true), second.digest) == Tags{"1.0-bg.1", "latest"});
  place.image("second", {"1.0-bg.1"});
  place.image("fourth", {"1.0-bg.4"});
  CHECK(tags_for(*place.repository, rules(true), second.digest) == Tags{"1.0-bg.1", "latest"});
  const auto fifth = place.image("fifth", {});
  CHECK(tags_for(*place.repository, rules(true), fifth.digest) == Tags{"1.0-bg.5", "latest"});
  CHECK(newest_break_glass(*place.repository, rules(true)) == "1.0-bg.4");
}

TEST_CASE("tags_for: the number it has elsewhere, where that is free") {
  Place place;
  place.image("other", {"1.0-bg.1"});
  const auto image = place.image("image", {});
  CHECK(tags_for(*place.repository, rules(true), image.digest, "1.0-bg.7")[0] == "1.0-bg.7");
  CHECK(tags_for(*place.repository, rules(true), image.digest, "1.0-bg.1")[0] == "1.0-bg.2");
  CHECK(tags_for(*place.repository, rules(true), image.digest, "1.0")[0] == "1.0-bg.2");
}

TEST_CASE("standing_image: what moves, then the newest patched one, then the version") {
  Place place;
  CHECK(!standing_image(*place.repository, rules(true)));
  const auto version = place.image("version", {"1.0"});
  CHECK(standing_image(*place.repository, rules(true))->digest == version.digest);
  const auto patched = place.image("patched", {"1.0-bg.2"});
  CHECK(standing_image(*place.repository, rules(true))->digest == patched.digest);
  const auto latest = place.image("latest", {"latest"});
  CHECK(standing_image(*place.repository, rules(true))->digest == latest.digest);
}

TEST_CASE("demand_unmoved: another digest under a fixed tag is refused") {
  Place place;
  const auto first = place.image("first", {"1.0"});
  const auto second = place.image("second", {});
  CHECK_NOTHROW(demand_unmoved(*place.repository, {"1.0", "2.0"}, first.digest));
  CHECK_NOTHROW(demand_unmoved(*place.repository, {}, second.digest));
  try {
    demand_unmoved(*place.repository, {"1.0"}, second.digest);
    FAIL("moved");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::refused);
    CHECK(error.hints().back() == "--force moves it all the same");
  }
}

/// A layout in which somebody else is faster: each tag that is put is another image's right after.
class Raced final : public image::Repository {
 public:
  Raced(image::Repository& layout, image::Descriptor other)
      : layout_(layout), other_(std::move(other)) {}
  [[nodiscard]] std::string name() const override { return layout_.name(); }
  std::optional<image::Descriptor> find_tag(const std::string& tag) override {
    return layout_.find_tag(tag);
  }
  std::vector<std::string> tags() override { return layout_.tags(); }
  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override {
    return layout_.find_manifest(digest);
  }
  bool has_manifest(const BlobDigest& digest) override { return layout_.has_manifest(digest); }
  bool has_blob(const image::Descriptor& blob) override { return layout_.has_blob(blob); }
  std::unique_ptr<Source> open_blob(const image::Descriptor& blob) override {
    return layout_.open_blob(blob);
  }
  void put_blob(const image::Descriptor& blob, const image::BlobOrigin& origin) override {
    layout_.put_blob(blob, origin);
  }
  image::Descriptor put_manifest(const std::string& bytes, const std::string& type) override {
    return layout_.put_manifest(bytes, type);
  }
  void put_tag(const std::string& tag, const image::Descriptor&, const std::string&) override {
    layout_.put_tag(tag, other_, "");
  }
  std::vector<image::Descriptor> referrers(const BlobDigest& digest,
                                           const std::string& type) override {
    return layout_.referrers(digest, type);
  }

 private:
  image::Repository& layout_;
  image::Descriptor other_;
};

TEST_CASE("put_tags: a fixed tag that another image has is told of, and no tag put after it") {
  Place place;
  const auto first = place.image("first", {"1.0"});
  const auto second = place.image("second", {});
  const auto put = [&](image::Repository& to, const image::Descriptor& image) {
    return put_tags(to, image, "", {"latest", "1.0"}, {"1.0"});
  };
  CHECK(put(*place.repository, second) == "1.0");
  CHECK(!place.repository->find_tag("latest"));
  CHECK(place.repository->find_tag("1.0") == first);
  CHECK(put(*place.repository, first).empty());
  CHECK(place.repository->find_tag("latest") == first);
}

TEST_CASE("put_tags: a fixed tag is read back, because another writer may have come in between") {
  Place place;
  const auto first = place.image("first", {});
  Raced raced(*place.repository, place.image("second", {}));
  CHECK(put_tags(raced, first, "", {"1.0", "latest"}, {"1.0"}) == "1.0");
  CHECK(!place.repository->find_tag("latest"));
}

}  // namespace
}  // namespace cullet::build
