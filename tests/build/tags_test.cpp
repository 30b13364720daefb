// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/tags.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
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

}  // namespace
}  // namespace cullet::build
