// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/manifest.hpp"

#include "support.hpp"

namespace cullet::image {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

Descriptor descriptor(std::string media_type = "text/plain") {
  auto made = Descriptor::of("content", std::move(media_type));
  made.annotations = {{"note", "\xc3\xa9"}};
  return made;
}

Error refusal(std::string_view bytes) {
  const auto error = failure([&] { (void)Manifest::parse(bytes, "manifest of x"); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(), Catch::Contains("manifest of x"));
  return error;
}

TEST_CASE("Descriptor: of() describes bytes, and JSON keeps every field") {
  auto made = descriptor();
  CHECK(made.size == 7);
  CHECK(made.digest == sha256("content"));
  made.artifact_type = "application/x";
  CHECK(Descriptor::parse(made.to_json(), "x") == made);
  CHECK_FALSE(Descriptor::of("", "t").to_json().contains("annotations"));
}

TEST_CASE("Descriptor: malformed ones are refused by name") {
  const auto message = [](const Json& json) {
    const auto error = failure([&] { (void)Descriptor::parse(json, "layer 3"); });
    CHECK(error.kind() == Kind::input);
    return error.message();
  };
  const Json good = {{"mediaType", "t"}, {"digest", kDigest}, {"size", 1}};
  CHECK_NOTHROW(Descriptor::parse(good, "x"));
  for (const char* const key : {"mediaType", "digest", "size"}) {
    auto missing = good;
    missing.erase(key);
    CHECK_THAT(message(missing), Catch::Contains("layer 3") && Catch::Contains(key));
  }
  auto bad = good;
  bad["digest"] = "sha512:" + std::string(128, 'a');
  CHECK_THAT(message(bad), Catch::Contains("is no sha256 digest"));
  bad["digest"] = "sha256:../../etc/passwd";
  CHECK_THAT(message(bad), Catch::Contains("is no sha256 digest"));
  bad = good;
  bad["size"] = -1;
  (void)message(bad);
  bad = good;
  bad["annotations"] = {{"a", 1}};
  CHECK_THAT(message(bad), Catch::Contains("strings only"));
  (void)message(Json::array());
}

TEST_CASE("Manifest: canonical JSON, parsed back to the same") {
  Manifest manifest;
  manifest.config = Descriptor::of("{}", std::string(kConfigType));
  manifest.layers = {descriptor("b"), descriptor("a")};
  manifest.annotations = {{"z", "1"}, {"a", "2"}};
  const auto bytes = manifest.serialize();
  CHECK(bytes.starts_with(R"({"annotations":{"a":"2","z":"1"},"config":{"digest":"sha256:)"));
  CHECK(
      bytes.find(R"("mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2)") !=
      bytes.npos);
  const auto parsed = Manifest::parse(bytes, "x");
  CHECK(parsed.serialize() == bytes);
  CHECK(parsed.layers == manifest.layers);
  CHECK_FALSE(parsed.subject);

  manifest.artifact_type = "application/x";
  manifest.subject = descriptor();
  const auto artifact = Manifest::parse(manifest.serialize(), "x");
  CHECK(artifact.subject == manifest.subject);
  CHECK(artifact.artifact_type == "application/x");
}

TEST_CASE("Manifest: reads Docker's, and nulls where Go writes them") {
  const auto bytes = cat(
      R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
      R"("annotations":null,"subject":null,"config":{"mediaType":"c","size":1,"digest":")",
      kDigest,
      R"("},"layers":[]})");
  const auto manifest = Manifest::parse(bytes, "x");
  CHECK(manifest.config.media_type == "c");
  CHECK_FALSE(manifest.subject);
}

TEST_CASE("Manifest: malformed ones are refused") {
  CHECK(refusal("{").kind() == Kind::input);
  refusal("[]");
  refusal("{}");
  refusal(R"({"schemaVersion":2})");
  refusal(R"({"schemaVersion":1,"config":{},"layers":[]})");
  CHECK_THAT(refusal(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"})")
                 .message(),
             Catch::Contains("has the media type"));
  Manifest manifest;
  manifest.config = descriptor();
  manifest.layers.assign(1001, descriptor());
  CHECK_THAT(refusal(manifest.serialize()).message(), Catch::Contains("more than 1000 layers"));
}

TEST_CASE("Index: canonical JSON, parsed back to the same") {
  Index index;
  index.manifests = {descriptor("b"), descriptor("a")};
  index.annotations = {{"k", "v"}};
  const auto parsed = Index::parse(index.serialize(), "x");
  CHECK(parsed.manifests == index.manifests);
  CHECK(parsed.annotations == index.annotations);
  CHECK(failure([] { (void)Index::parse("{}", "x"); }).kind() == Kind::input);
}

}  // namespace
}  // namespace cullet::image
