// SPDX-License-Identifier: Apache-2.0
// What other programs make of an image in a layout.
#include "support.hpp"

namespace cullet::image {
namespace {

struct Published {
  Room room;
  Descriptor image;
  explicit Published(archive::Compression compression) {
    const auto layout = room.layout();
    const auto layer =
        pack_layer(room.store, layer_spec(sample_tree(room), compression), 2, room.cancel);
    image = put_image(room, *layout, {layer}, "v1");
  }
  [[nodiscard]] std::string reference(const std::string& scheme) const {
    return scheme + room.path("layout").native() + ":v1";
  }
};

TEST_CASE("interop: skopeo inspects a layout, zstd and gzip") {
  const auto compression =
      GENERATE(archive::Compression{}, archive::Compression{archive::Algorithm::gzip, 6});
  const Published published(compression);
  const auto inspected = run_tool({"skopeo", "inspect", published.reference("oci:")}, "");
  if (!inspected)
    return;
  INFO(inspected->err);
  REQUIRE(inspected->status.ok());
  const auto json = parse_json(inspected->out, "skopeo");
  CHECK(json.at("Digest") == published.image.digest.str());
  CHECK(json.at("Created") == "2023-11-14T22:13:20Z");
  CHECK(json.at("Layers").size() == 1);
  CHECK(json.at("Labels").at("org.cullet.assembly") == "1");
}

TEST_CASE("interop: skopeo copies a layout, verifying every digest") {
  const Published published(archive::Compression{});
  const auto copied = run_tool({"skopeo",
                                "--insecure-policy",
                                "copy",
                                "--preserve-digests",
                                published.reference("oci:"),
                                "oci:" + published.room.path("copy").native() + ":v2"},
                               "");
  if (!copied)
    return;
  INFO(copied->err);
  REQUIRE(copied->status.ok());
  // And cullet reads what skopeo writes.
  const auto copy = open_layout(published.room.path("copy"), false, published.room.cancel);
  const auto found = copy->find_tag("v2");
  REQUIRE(found);
  CHECK(found->digest == published.image.digest);
  CHECK(validate(*copy, *found, published.room.cancel).problems.empty());
}

TEST_CASE("interop: umoci unpacks a gzip image to what went in") {
  const Published published(archive::Compression{archive::Algorithm::gzip, 6});
  const auto bundle = published.room.path("bundle");
  const auto unpacked = run_tool({"umoci",
                                  "raw",
                                  "unpack",
                                  "--rootless",
                                  "--image",
                                  published.room.path("layout").native() + ":v1",
                                  bundle.native()},
                                 "");
  if (!unpacked)
    return;
  INFO(unpacked->err);
  REQUIRE(unpacked->status.ok());
  CHECK(read_file(bundle / "etc/motd", 100) == "hello\n");
  CHECK(read_file(bundle / ("usr/share/F\xc5\x91"
                            "tan"),
                  100) == "utf8");
  CHECK(std::filesystem::read_symlink(bundle / "bin") == "usr/bin");
  CHECK(std::filesystem::hard_link_count(bundle / "usr/bin/ztool") == 2);
}

}  // namespace
}  // namespace cullet::image
