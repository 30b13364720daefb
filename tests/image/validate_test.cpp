// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

namespace cullet::image {
namespace {

struct Built {
  Room room;
  std::unique_ptr<Repository> layout = room.layout();
  std::vector<Layer> layers;
  Descriptor image;

  Built() {
    const auto tree = sample_tree(room);
    for (const auto algorithm :
         {archive::Algorithm::zstd, archive::Algorithm::gzip, archive::Algorithm::none})
      layers.push_back(pack_layer(room.store, layer_spec(tree, {algorithm, 3}), 2, room.cancel));
    image = put_image(room, *layout, layers, "v1");
  }
  [[nodiscard]] std::vector<std::string> problems() {
    return validate(*layout, image, room.cancel).problems;
  }
  void alter(const Descriptor& blob, const std::function<void(std::string&)>& change) const {
    const auto file = layout->blob_file(blob);
    auto bytes = read_file(file, 1U << 30U);
    change(bytes);
    replace_file(file, bytes, 0444);
  }
  /// An image whose manifest and config are as given.
  void put(Manifest manifest, const Config& config) {
    manifest.config = put_text(*layout, config.serialize(), kConfigType);
    image = layout->put_manifest(manifest.serialize(), std::string(kManifestType));
  }
  [[nodiscard]] Manifest manifest() const {
    return Manifest::parse(layout->find_manifest(image.digest)->bytes, "x");
  }
  [[nodiscard]] Config config() const {
    const auto source = layout->open_blob(manifest().config);
    return Config::parse(read_all(*source, 1U << 20U, "x"), "x");
  }
};

TEST_CASE("validate: a whole image has no problems, and all of it is read") {
  Built built;
  const auto result = validate(*built.layout, built.image, built.room.cancel);
  CHECK(result.problems == std::vector<std::string>{});
  auto bytes = built.image.size + built.manifest().config.size;
  for (const auto& layer : built.layers)
    bytes += layer.blob.size;
  CHECK(result.bytes == bytes);
}

TEST_CASE("validate: altered, missing and cut blobs are each named") {
  Built built;
  built.alter(built.layers[0].blob, [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  std::filesystem::remove(built.layout->blob_file(built.layers[1].blob));
  built.alter(built.layers[2].blob, [](std::string& bytes) { bytes.resize(bytes.size() - 1); });
  const auto problems = built.problems();
  REQUIRE(problems.size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK_THAT(problems[i], Catch::Contains(built.layers[i].blob.digest.str()));
}

TEST_CASE("validate: a missing or altered manifest") {
  Built built;
  built.alter(built.image, [](std::string& bytes) { bytes += " "; });
  CHECK(built.problems().size() == 1);
  std::filesystem::remove(built.layout->blob_file(built.image));
  CHECK(built.problems() ==
        std::vector<std::string>{cat("manifest ", built.image.digest, " is missing")});
}

TEST_CASE("validate: a config that tells of other layers") {
  Built built;
  auto config = built.config();
  std::swap(config.layers[0], config.layers[1]);
  config.layers[0].diff_id = DiffId(sha256("elsewhere"));
  built.put(built.manifest(), config);
  const auto problems = built.problems();
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0],
             Catch::Contains("unpacks to " + built.layers[0].diff_id.str()) &&
                 Catch::Contains("the config says"));
  config.layers.pop_back();
  built.put(built.manifest(), config);
  CHECK_THAT(built.problems().at(0), Catch::Contains("the config lists 2 layers, the manifest 3"));
}

TEST_CASE("validate: a media type that the layer's bytes belie") {
  Built built;
  auto manifest = built.manifest();
  manifest.layers[0].media_type = std::string(kLayerType) + "+gzip";
  manifest.layers[2].media_type = std::string(kLayerType) + "+zstd";
  built.put(manifest, built.config());
  const auto problems = built.problems();
  REQUIRE(problems.size() == 2);
  CHECK_THAT(problems[0], Catch::Contains("+gzip"));
  CHECK_THAT(problems[1], Catch::Contains("+zstd"));
}

TEST_CASE("validate: sizes that the descriptors get wrong") {
  Built built;
  auto wrong = built.image;
  wrong.size += 1;
  wrong.media_type = std::string(kIndexType);
  CHECK(validate(*built.layout, wrong, built.room.cancel).problems.size() == 2);
}

TEST_CASE("validate: an index with its images, and an artifact") {
  Built built;
  Index index;
  index.manifests = {built.image};
  const auto bytes = index.serialize();
  const auto whole = built.layout->put_manifest(bytes, std::string(kIndexType));
  CHECK(validate(*built.layout, whole, built.room.cancel).problems.empty());
  std::filesystem::remove(built.layout->blob_file(built.layers[1].blob));
  CHECK(validate(*built.layout, whole, built.room.cancel).problems.size() == 1);

  Manifest artifact;
  artifact.config = put_text(*built.layout, "{}", kEmptyType);
  artifact.layers = {put_text(*built.layout, "an sbom", "text/plain")};
  artifact.artifact_type = "application/sbom";
  const auto put = built.layout->put_manifest(artifact.serialize(), std::string(kManifestType));
  CHECK(validate(*built.layout, put, built.room.cancel).problems.empty());
  built.alter(artifact.layers[0], [](std::string& text) { text = "AN SBOM"; });
  CHECK(validate(*built.layout, put, built.room.cancel).problems.size() == 1);
}

TEST_CASE("validate: what is named again and again is read once, and held against each name") {
  Built built;
  auto bytes = validate(*built.layout, built.image, built.room.cancel).bytes;
  auto whole = built.image;
  for (int level = 0; level < 2; ++level) {
    Index index;
    index.manifests.assign(50, whole);
    whole = built.layout->put_manifest(index.serialize(), std::string(kIndexType));
    bytes += whole.size;
  }
  const auto result = validate(*built.layout, whole, built.room.cancel);
  CHECK(result.problems.empty());
  CHECK(result.bytes == bytes);

  Index index;
  index.manifests = {built.image, built.image};
  index.manifests[1].size += 1;
  whole = built.layout->put_manifest(index.serialize(), std::string(kIndexType));
  CHECK(validate(*built.layout, whole, built.room.cancel).problems.size() == 1);

  auto manifest = built.manifest();
  auto config = built.config();
  manifest.layers.push_back(manifest.layers[0]);
  config.layers.push_back(config.layers[0]);
  config.layers.back().diff_id = DiffId(sha256("elsewhere"));
  built.put(manifest, config);
  const auto problems = built.problems();
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::Contains("the config says"));
}

TEST_CASE("validate: an interrupt is no verdict") {
  Built built;
  built.room.cancel.request();
  CHECK(failure([&] { (void)built.problems(); }).kind() == Kind::interrupted);
}

}  // namespace
}  // namespace cullet::image
