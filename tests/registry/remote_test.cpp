// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/remote.hpp"

#include <catch2/catch.hpp>

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::fault;
using test::kProxied;
using test::kScripted;
using test::Peer;
using test::Servers;

#define REQUIRE_REGISTRY() CULLET_REQUIRE_PROGRAMS("docker-registry", "python3", "bash", "setpriv")

TEST_CASE("Remote: an image and its tags") {
  REQUIRE_REGISTRY();
  const Servers servers({"registry_start"});
  Peer peer(servers);
  auto repository = peer.open();
  CHECK(repository->name() == servers["REGISTRY"] + "/some/app");
  CHECK_FALSE(repository->find_tag("latest"));
  CHECK(repository->tags().empty());
  const auto image = test::put_image(*repository, {"one", "two"});
  CHECK(repository->tags().empty());
  CHECK(repository->has_manifest(image.digest));
  CHECK_FALSE(repository->has_manifest(BlobDigest(sha256("nothing"))));
  CHECK_FALSE(repository->find_manifest(BlobDigest(sha256("nothing"))));
  test::tag(*repository, "v2", image);
  test::tag(*repository, "v1", image);
  CHECK(repository->tags() == std::vector<std::string>{"v1", "v2"});
  const auto found = repository->find_tag("v1");
  REQUIRE(found);
  CHECK(found->digest == image.digest);
  CHECK(found->size == image.size);
  CHECK(found->media_type == image::kManifestType);
  const auto manifest = repository->find_manifest(image.digest);
  REQUIRE(manifest);
  CHECK(sha256(manifest->bytes) == image.digest);
  CHECK(manifest->media_type == image::kManifestType);
}

TEST_CASE("Remote: over TLS with a client certificate") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start mtls token"});
  Peer peer(servers);
  peer.http_options.tls[servers["REGISTRY"]] = {
      .ca_file = servers["REGISTRY_CA"],
      .client_certificate = servers["REGISTRY_CERTIFICATE"],
      .client_key = servers["REGISTRY_KEY"]};
  peer.log_in();
  auto repository = peer.open();
  const auto bytes = test::pattern(3'000'000);
  CHECK(test::read(*repository, test::put(*repository, bytes, "x")) == bytes);
}

TEST_CASE("Remote: plain http to this machine needs no option, and is asked for once") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  peer.options.plain_http = GENERATE(true, false);
  auto repository = peer.open();
  CHECK_FALSE(repository->find_tag("x"));
  CHECK_FALSE(repository->find_tag("y"));
  CHECK(servers.requests().size() == 2);
}

TEST_CASE("Remote: a manifest with other bytes is refused") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  servers.script(Json::array({fault("GET .*/manifests/", 9, {{"corrupt", 10}})}));
  const auto error = test::failure([&] { repository->find_manifest(image.digest); });
  CHECK(error.kind() == Kind::refused);
  CHECK_THAT(error.message(), Catch::Contains(image.digest.str()) && Catch::Contains("hashes to"));
}

TEST_CASE("Remote: a blob is read through broken connections") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto bytes = test::pattern(3'000'000);
  const auto blob = test::put(*repository, bytes, "x");
  servers.forget();
  const Json action = GENERATE(Json{{"reset", 800'000}},
                               Json{{"truncate", 800'000}},
                               Json{{"status", 500}},
                               Json{{"status", 429}, {"retry_after", 0}});
  servers.script(Json::array({fault("GET .*/blobs/", 2, action)}));
  CHECK(test::read(*repository, blob) == bytes);
  CHECK(servers.count("GET") == 3);
  if (action.contains("reset"))
    CHECK(servers.requests().back()["headers"].contains("Range"));
}

TEST_CASE("Remote: a blob whose transfer gets no further is given up with the last reason") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto blob = test::put(*repository, test::pattern(300'000), "x");
  servers.forget();
  servers.script(Json::array({fault("GET .*/blobs/", 100, {{"truncate", 0}})}));
  const auto error = test::failure([&] { test::read(*repository, blob); });
  CHECK(error.kind() == Kind::machine);
  CHECK(servers.count("GET") < 50);
}

TEST_CASE("Remote: a server that ignores Range is read from the start") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto bytes = test::pattern(3'000'000);
  const auto blob = test::put(*repository, bytes, "x");
  servers.script(Json::array(
      {fault("GET", 1, {{"reset", 800'000}}), fault("GET", 9, {{"ignore_range", true}})}));
  CHECK(test::read(*repository, blob) == bytes);
}

TEST_CASE("Remote: a descriptor that lies about a blob's size is refused, not asked for again") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto bytes = test::pattern(3'000'000);
  auto blob = test::put(*repository, bytes, "x");
  servers.forget();
  SECTION("the answer says the size") {
    blob.size = GENERATE(100U, 5'000'000U);
    const auto error = test::failure([&] { test::read(*repository, blob); });
    CHECK(error.kind() == Kind::refused);
    CHECK_THAT(error.message(), Catch::Contains(cat("has 3000000 bytes in ")));
    CHECK(servers.count("GET") == 1);
  }
  SECTION("there is nothing more") {
    servers.script(Json::array({fault("GET .*/blobs/", 1, {{"truncate", 800'000}}),
                                fault("GET .*/blobs/", 9, {{"status", 416}})}));
    const auto error = test::failure([&] { test::read(*repository, blob); });
    CHECK(error.kind() == Kind::refused);
    CHECK_THAT(error.message(), Catch::Contains("has no more than "));
    CHECK(servers.count("GET") == 2);
  }
}

TEST_CASE("Remote: other bytes in a blob are refused") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto blob = test::put(*repository, test::pattern(500'000), "x");
  servers.script(Json::array({fault("GET", 9, {{"corrupt", 400'000}})}));
  const auto error = test::failure([&] { test::read(*repository, blob); });
  CHECK(error.kind() == Kind::refused);
}

TEST_CASE(
    "Remote: a blob that is absent is refused, one that is forbidden is not asked for again") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto blob = image::Descriptor::of("absent", "x");
  CHECK(test::failure([&] { test::read(*repository, blob); }).kind() == Kind::refused);
  servers.script(Json::array({fault("GET", 9, {{"status", 403}})}));
  servers.forget();
  CHECK(test::failure([&] { test::read(*repository, blob); }).kind() == Kind::machine);
  CHECK(servers.count("GET") == 1);
}

TEST_CASE("Remote: blobs behind a redirect to storage get no Authorization") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "perl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start basic", "faulty_proxy $REGISTRY_URL"});
  const Servers storage(kScripted);
  Peer peer(servers);
  peer.log_in();
  auto repository = peer.open();
  const auto bytes = test::pattern(400'000);
  const auto blob = test::put(*repository, bytes, "x");
  replace_file(storage["FIXTURE_DIR"] + "/site/object", bytes);
  servers.script(Json::array({fault(
      "GET .*/blobs/",
      9,
      {{"status", 307}, {"headers", {{"Location", storage["FAULTY_URL"] + "/object?sig=1"}}}})}));
  CHECK(test::read(*repository, blob) == bytes);
  CHECK_FALSE(storage.requests().at(0)["headers"].contains("Authorization"));
  // A challenge from there is none of the registry's.
  servers.forget();
  storage.script(Json::array(
      {fault("GET",
             9,
             {{"status", 401},
              {"headers", {{"WWW-Authenticate", "Bearer realm=\"http://127.0.0.1:1/steal\""}}}})}));
  const auto error = test::failure([&] { test::read(*repository, blob); });
  CHECK_THAT(error.message(), Catch::EndsWith("status 401"));
}

TEST_CASE("Remote: tags over several pages") {
  REQUIRE_REGISTRY();
  const Servers servers(kScripted);
  Peer peer(servers);
  servers.script(Json::array(
      {fault("GET .*/tags/list\\?n=1000&last=b",
             1,
             {{"status", 200}, {"body", R"({"tags":["c",1]})"}}),
       fault("GET .*/tags/list",
             1,
             {{"status", 200},
              {"headers", {{"Link", "</v2/some/app/tags/list?n=1000&last=b>; rel=\"next\""}}},
              {"body", R"({"tags":["b","a"]})"}}),
       fault("GET .*/tags/list", 1, {{"status", 200}, {"body", R"({"tags":null})"}})}));
  auto repository = peer.open();
  CHECK(repository->tags() == std::vector<std::string>{"a", "b", "c"});
  CHECK(repository->tags().empty());
}

TEST_CASE("Remote: pages without end are not followed to another host with credentials, and end") {
  REQUIRE_REGISTRY();
  const Servers servers(kScripted);
  Peer peer(servers);
  servers.script(Json::array({fault("GET .*/tags/list",
                                    100'000,
                                    {{"status", 200},
                                     {"headers", {{"Link", "<?n=1>; rel=\"next\""}}},
                                     {"body", R"({"tags":["a"]})"}})}));
  auto repository = peer.open();
  CHECK(repository->tags() == std::vector<std::string>{"a"});
  CHECK(servers.requests().size() == 1000);
}

TEST_CASE("Remote: a tag whose digest the registry doesn't say is read") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  test::tag(*repository, "t", image);
  const Json action = GENERATE(Json{{"set_headers", {{"Docker-Content-Digest", nullptr}}}},
                               Json{{"set_headers", {{"Docker-Content-Digest", "md5:x"}}}},
                               Json{{"status", 405}});
  servers.script(Json::array({fault("HEAD .*/manifests/", 9, action)}));
  const auto found = repository->find_tag("t");
  REQUIRE(found);
  CHECK(found->digest == image.digest);
  CHECK(found->media_type == image::kManifestType);
}

TEST_CASE("Remote: 403 means absence only where the tags can be listed") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  test::tag(*repository, "there", image);
  servers.script(Json::array({fault("HEAD .*/manifests/", 9, {{"status", 403}})}));
  CHECK_FALSE(repository->find_tag("absent"));
  CHECK_THAT(test::failure([&] { repository->find_tag("there"); }).message(),
             Catch::EndsWith("status 403"));
  servers.script(Json::array({fault(".", 9, {{"status", 403}})}));
  CHECK_THAT(test::failure([&] { repository->find_tag("absent"); }).message(),
             Catch::EndsWith("status 403"));
}

TEST_CASE("Remote: a registry that stores something else is caught") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto other = sha256("other").str();
  servers.script(Json::array(
      {fault("PUT .*/manifests/", 9, {{"set_headers", {{"Docker-Content-Digest", other}}}})}));
  const auto error = test::failure([&] { test::put_image(*repository, {"one"}); });
  CHECK(error.kind() == Kind::refused);
  CHECK_THAT(error.message(), Catch::Contains("as " + other));
  // Of a blob, in the answer to its upload.
  servers.script(Json::array(
      {fault("PUT .*/blobs/uploads/", 9, {{"set_headers", {{"Docker-Content-Digest", other}}}})}));
  const auto blob = test::failure([&] { test::put(*repository, "two", "x"); });
  CHECK(blob.kind() == Kind::refused);
  CHECK_THAT(blob.message(), Catch::Contains("as " + other));
}

TEST_CASE("Remote: a manifest that is too large is not sent") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto error =
      test::failure([&] { repository->put_manifest(std::string((4U << 20U) + 1, ' '), "x"); });
  CHECK(error.kind() == Kind::input);
  CHECK(servers.requests().empty());
}

TEST_CASE("Remote: a registry that is down") {
  http::Client client(test::fast_options(), Cancel());
  const auto repository =
      open_remote(client, Reference::parse("127.0.0.1:1/a"), RemoteOptions(), Cancel());
  const auto error = test::failure([&] { repository->find_tag("x"); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message().starts_with("cannot reach https://127.0.0.1:1/v2/a/manifests/x: "));
}

TEST_CASE("Remote: what is no tag never becomes part of a URL") {
  http::Client client(test::fast_options(), Cancel());
  const auto repository =
      open_remote(client, Reference::parse("127.0.0.1:1/a"), RemoteOptions(), Cancel());
  for (const auto* tag : {"", "../../victim/manifests/latest", "x?y=1", "x#", "x y", ".x"}) {
    INFO(tag);
    const auto found = test::failure([&] { repository->find_tag(tag); });
    CHECK(found.kind() == Kind::input);
    CHECK_THAT(found.message(), Catch::Contains("is no valid tag"));
    CHECK(test::failure([&] { repository->put_tag(tag, {}, "{}"); }).kind() == Kind::input);
  }
}

TEST_CASE("open_repository: a layout or a registry, as the reference says") {
  http::Client client(test::fast_options(), Cancel());
  const auto directory = test::scratch();
  const auto reference = Reference::parse("oci:" + (directory.path() / "x").string());
  CHECK(test::failure([&] { open_repository(client, reference, {}, false, Cancel()); }).kind() ==
        Kind::input);
  CHECK(open_repository(client, reference, {}, true, Cancel())->name() == reference.name());
  CHECK(open_repository(client, Reference::parse("h.example/a:x"), {}, true, Cancel())->name() ==
        "h.example/a");
}
