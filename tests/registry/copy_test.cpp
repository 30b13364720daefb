// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/copy.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::fault;
using test::kProxied;
using test::Peer;
using test::Servers;

namespace {

CopyOptions with_tag(const std::string& tag) {
  CopyOptions options;
  options.tags = {tag};
  return options;
}

/// An image in a layout, signed both ways, with an attestation of its own on the first referrer.
struct Signed {
  explicit Signed(image::Repository& to) {
    image = test::put_image(to, {test::pattern(900'000, 1), test::pattern(300'000, 2), "small"});
    bundle = test::put_referrer(to, image, "type/bundle", "bundle");
    sbom = test::put_referrer(to, image, "type/sbom", "sbom");
    nested = test::put_referrer(to, sbom, "type/bundle", "signature of the sbom");
    signatures = test::put_signatures(to, image, {"signature"});
    test::tag(to, "v1", image);
  }
  image::Descriptor image, bundle, sbom, nested, signatures;
};

void check_whole(image::Repository& repository, const Signed& expected) {
  REQUIRE(repository.find_tag("v1"));
  CHECK(repository.find_tag("v1")->digest == expected.image.digest);
  CHECK(repository.find_tag(test::signature_tag(expected.image))->digest ==
        expected.signatures.digest);
  CHECK(repository.missing_referrers(expected.image.digest, {expected.bundle, expected.sbom})
            .empty());
  CHECK(repository.missing_referrers(expected.sbom.digest, {expected.nested}).empty());
  const auto verdict = image::validate(repository, expected.image, Cancel());
  CHECK(verdict.problems == std::vector<std::string>());
}

}  // namespace

#define REQUIRE_REGISTRY() CULLET_REQUIRE_PROGRAMS("docker-registry", "python3", "bash", "setpriv")

TEST_CASE("copy_image: from a layout to a registry and back") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const Signed sample(*from);
  const auto to = peer.open();
  const auto report = copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel);
  check_whole(*to, sample);
  CHECK(report.blobs_sent >= 8);
  CHECK(report.bytes_sent > 1'200'000);
  CHECK(report.referrers == 4);

  const auto back = peer.layout("back");
  copy_image(*to, sample.image, *back, with_tag("v1"), peer.cancel);
  check_whole(*back, sample);
}

TEST_CASE("copy_image: blobs, manifest, signatures, and the tag last") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const Signed sample(*from);
  const auto to = peer.open();
  copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel);
  std::size_t last_layer = 0, manifest = 0, signature = 0, tag = 0, at = 0;
  for (const auto& request : servers.requests()) {
    ++at;
    const auto path = request["path"].get<std::string>();
    if (request["method"] != "PUT")
      continue;
    if (path.find(sha256("small").hex()) != std::string::npos)
      last_layer = at;
    if (path.ends_with("/manifests/" + sample.image.digest.str()))
      manifest = at;
    if (path.find("/manifests/" + test::signature_tag(sample.image)) != std::string::npos)
      signature = at;
    if (path.ends_with("/manifests/v1"))
      tag = at;
  }
  CHECK(0 < last_layer);
  CHECK(last_layer < manifest);
  CHECK(manifest < signature);
  CHECK(signature < tag);
  CHECK(tag == at);
}

TEST_CASE("copy_image: an image that is there costs three requests") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const auto image = test::put_image(*from, {"one", "two"});
  test::put_signatures(*from, image, {"signature"});
  for (const auto* content : {"bundle", "sbom", "provenance"})
    test::put_referrer(*from, image, "type/x", content);
  copy_image(*from, image, *peer.open(), with_tag("v1"), peer.cancel);
  servers.forget();
  const auto report = copy_image(*from, image, *peer.open(), with_tag("v1"), peer.cancel);
  CHECK(servers.requests().size() == 3);
  CHECK(report.blobs_sent == 0);
  CHECK(report.referrers == 0);
}

TEST_CASE("copy_image: the same with a token costs three requests and the challenge") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start token", "faulty_proxy $REGISTRY_URL"});
  Peer peer(servers);
  peer.log_in();
  const auto from = peer.layout("from");
  const auto image = test::put_image(*from, {"one", "two"});
  test::put_signatures(*from, image, {"signature"});
  test::put_referrer(*from, image, "type/x", "bundle");
  copy_image(*from, image, *peer.open(), with_tag("v1"), peer.cancel);
  servers.forget();
  copy_image(*from, image, *peer.open(), with_tag("v1"), peer.cancel);
  CHECK(servers.requests().size() == 4);
}

TEST_CASE("copy_image: a second tag sends no blob") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const Signed sample(*from);
  copy_image(*from, sample.image, *peer.open(), with_tag("v1"), peer.cancel);
  servers.forget();
  copy_image(*from, sample.image, *peer.open(), with_tag("v2"), peer.cancel);
  CHECK(servers.count("POST") == 0);
  CHECK(servers.count("HEAD", "/blobs/") == 0);
  CHECK(servers.count("PUT") == 1);
}

TEST_CASE("copy_image: without a tag, and without referrers") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const Signed sample(*from);
  const auto to = peer.open();
  CopyOptions options;
  options.referrers = false;
  copy_image(*from, sample.image, *to, options, peer.cancel);
  CHECK(to->has_manifest(sample.image.digest));
  CHECK(to->tags().empty());
}

TEST_CASE("copy_image: between layouts blobs are hard links") {
  const auto directory = test::scratch();
  const Cancel cancel;
  const auto from = image::open_layout(directory.path() / "from", true, cancel);
  const auto to = image::open_layout(directory.path() / "to", true, cancel);
  const Signed sample(*from);
  copy_image(*from, sample.image, *to, with_tag("v1"), cancel);
  check_whole(*to, sample);
  const auto layer = image::Descriptor::of(test::pattern(900'000, 1), "x");
  struct stat first {};
  struct stat second {};
  REQUIRE(stat(from->blob_file(layer).c_str(), &first) == 0);
  REQUIRE(stat(to->blob_file(layer).c_str(), &second) == 0);
  CHECK(first.st_ino == second.st_ino);
}

TEST_CASE("copy_image: between repositories of one registry blobs are mounted") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.open("staging/app");
  const Signed sample(*from);
  servers.forget();
  const auto to = peer.open("prod/app");
  const auto report = copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel);
  check_whole(*to, sample);
  CHECK(report.bytes_sent == 0);
  CHECK(servers.count("PUT", "/blobs/") == 0);
  CHECK(servers.count("GET", "/blobs/sha256:" + sha256("small").hex()) == 1);  // check_whole()
}

TEST_CASE("copy_image: an index with its images and their signatures") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  image::Index index;
  for (const auto* name : {"amd64", "arm64"})
    index.manifests.push_back(test::put_image(*from, {"shared", name}));
  const auto list = from->put_manifest(index.serialize(), std::string(image::kIndexType));
  const auto bundle = test::put_referrer(*from, index.manifests[1], "type/bundle", "child");
  const auto to = peer.open();
  copy_image(*from, list, *to, with_tag("multi"), peer.cancel);
  CHECK(to->find_tag("multi")->digest == list.digest);
  for (const auto& child : index.manifests)
    CHECK(image::validate(*to, child, peer.cancel).problems.empty());
  CHECK(to->missing_referrers(index.manifests[1].digest, {bundle}).empty());
  CHECK(servers.count("POST", "/uploads/") == 7);  // the shared layer once
}

TEST_CASE("copy_image: a manifest of another size than an index says is refused") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  image::Index index;
  index.manifests = {test::put_image(*from, {"one"})};
  index.manifests[0].size += 1;
  const auto list = from->put_manifest(index.serialize(), std::string(image::kIndexType));
  const auto error = test::failure(
      [&] { copy_image(*from, list, *peer.layout("to"), with_tag("multi"), peer.cancel); });
  CHECK(error.kind() == Kind::refused);
  CHECK_THAT(error.message(), Catch::Contains("that refer to it"));
}

TEST_CASE("copy_image: signatures that the target has stay") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const auto image = test::put_image(*from, {"one"});
  test::put_signatures(*from, image, {"both", "ours"});
  const auto to = peer.open();
  CHECK(test::put_image(*to, {"one"}).digest == image.digest);
  test::put_signatures(*to, image, {"theirs", "both"});
  CHECK(copy_image(*from, image, *to, {}, peer.cancel).referrers == 1);
  const auto merged = to->find_tag(test::signature_tag(image));
  const auto manifest =
      image::Manifest::parse(to->find_manifest(merged->digest)->bytes, "signatures");
  std::vector<std::string> all;
  for (const auto& layer : manifest.layers)
    all.push_back(test::read(*to, layer));
  CHECK(all == std::vector<std::string>{"theirs", "both", "ours"});
  const auto config = Json::parse(test::read(*to, manifest.config));
  CHECK(config["rootfs"]["diff_ids"].size() == 3);
  CHECK(copy_image(*from, image, *to, {}, peer.cancel).referrers == 0);
}

TEST_CASE("copy_image: a failure leaves the old tag") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const auto old = test::put_image(*from, {"old"});
  const auto to = peer.open();
  copy_image(*from, old, *to, with_tag("v1"), peer.cancel);
  const Signed sample(*from);
  const auto* where = GENERATE(
      "PATCH|PUT .*/blobs/uploads", "PUT .*/manifests/sha256:", "PUT .*/manifests/sha256-");
  servers.script(Json::array({fault(where, 999, {{"status", 403}}, 1)}));
  const auto error =
      test::failure([&] { copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel); });
  CHECK(error.kind() == Kind::machine);
  CHECK(to->find_tag("v1")->digest == old.digest);
  // And the next run mends all.
  servers.script(Json::array());
  copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel);
  check_whole(*to, sample);
}

TEST_CASE("copy_image: a referrer that is there but not listed is listed by the next run") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const Signed sample(*from);
  const auto to = peer.open();
  // As if killed between the two.
  servers.script(Json::array({fault("PUT .*/manifests/sha256-", 1, {{"status", 403}})}));
  CHECK(test::failure([&] {
          copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel);
        }).kind() == Kind::machine);
  copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel);
  check_whole(*to, sample);
}

TEST_CASE("copy_image: a list of referrers that another writer set back is mended") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const auto image = test::put_image(*from, {"one"});
  const auto bundle = test::put_referrer(*from, image, "type/bundle", "bundle");
  const auto to = peer.open();
  // Asked for what is missing, to add to it, whether it is there, and then it is gone.
  servers.script(Json::array(
      {fault("GET .*/manifests/sha256-" + image.digest.hex() + "$", 1, {{"status", 404}}, 3)}));
  copy_image(*from, image, *to, with_tag("v1"), peer.cancel);
  CHECK(servers.count("PUT", "/manifests/" + bundle.digest.str()) == 2);
  CHECK(to->missing_referrers(image.digest, {bundle}).empty());
}

TEST_CASE("copy_image: a damaged source is refused") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.open("from");
  const Signed sample(*from);
  const auto to = peer.layout("to");
  servers.script(Json::array({fault("GET .*/blobs/", 999, {{"corrupt", 2}})}));
  const auto error =
      test::failure([&] { copy_image(*from, sample.image, *to, with_tag("v1"), peer.cancel); });
  CHECK(error.kind() == Kind::refused);
  CHECK_FALSE(to->find_tag("v1"));
}

TEST_CASE("copy_image: cancellation between blobs and in their middle") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto from = peer.layout("from");
  const Signed sample(*from);
  const auto to = peer.open();
  auto options = with_tag("v1");
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    CHECK(done <= total);
    if (done > 300'000)
      peer.cancel.request();
  };
  CHECK(test::failure([&] { copy_image(*from, sample.image, *to, options, peer.cancel); }).kind() ==
        Kind::interrupted);
}

TEST_CASE("copy_image: an image that is not there is refused") {
  const auto directory = test::scratch();
  const Cancel cancel;
  const auto from = image::open_layout(directory.path() / "from", true, cancel);
  const auto to = image::open_layout(directory.path() / "to", true, cancel);
  const auto nothing = image::Descriptor::of("{}", std::string(image::kManifestType));
  const auto error = test::failure([&] { copy_image(*from, nothing, *to, {}, cancel); });
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() == cat("manifest ", nothing.digest, " is not in ", from->name()));
}

TEST_CASE("copy_image: indexes without end are refused") {
  const auto directory = test::scratch();
  const Cancel cancel;
  const auto from = image::open_layout(directory.path() / "from", true, cancel);
  const auto to = image::open_layout(directory.path() / "to", true, cancel);
  auto top = test::put_image(*from, {"one"});
  for (int i = 0; i < 8; ++i) {
    image::Index index;
    index.manifests = {top};
    top = from->put_manifest(index.serialize(), std::string(image::kIndexType));
  }
  const auto error = test::failure([&] { copy_image(*from, top, *to, {}, cancel); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "indexes are nested deeper than 4");
}
