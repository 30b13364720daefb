// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::fault;
using test::kProxied;
using test::Peer;
using test::Servers;

#define REQUIRE_REGISTRY() CULLET_REQUIRE_PROGRAMS("docker-registry", "python3", "bash", "setpriv")

TEST_CASE("put_blob: HEAD, POST and one PUT; nothing when it is there") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto bytes = test::pattern(1'500'000);
  std::uint64_t sent = 0;
  peer.options.progress = [&](std::uint64_t done, std::uint64_t size) {
    sent = done;
    CHECK(size == bytes.size());
  };
  repository = peer.open();
  const auto blob = test::put(*repository, bytes, "x");
  CHECK(sent == bytes.size());
  const auto requests = servers.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0]["method"] == "HEAD");
  CHECK(requests[1]["method"] == "POST");
  CHECK(requests[2]["method"] == "PUT");
  CHECK(requests[2]["headers"]["Content-Length"] == "1500000");
  servers.forget();
  repository->put_blob(blob, test::origin_of(bytes));
  CHECK(servers.requests().size() == 1);
  CHECK(test::read(*repository, blob) == bytes);
}

TEST_CASE("put_blob: an empty blob") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  peer.options.upload = GENERATE(Upload::monolithic, Upload::chunked);
  auto repository = peer.open();
  CHECK(test::read(*repository, test::put(*repository, "", "x")).empty());
}

TEST_CASE("put_blob: other bytes than promised are refused") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  peer.options.upload = GENERATE(Upload::monolithic, Upload::chunked);
  peer.options.chunk = 100'000;
  auto repository = peer.open();
  const auto blob = image::Descriptor::of(test::pattern(300'000, 1), "x");
  for (const auto& other : {test::pattern(300'000, 2),
                            test::pattern(299'999, 1),
                            test::pattern(300'001, 1),
                            std::string()}) {
    const auto error = test::failure([&] { repository->put_blob(blob, test::origin_of(other)); });
    CHECK(error.kind() == Kind::refused);
    CHECK_FALSE(repository->has_blob(blob));
  }
}

TEST_CASE("put_blob: chunks, in order, with the last one closed by a PUT") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  peer.options.chunk = 400'000;
  auto repository = peer.open();
  const auto bytes = test::pattern(1'000'000);
  const auto blob = test::put(*repository, bytes, "x");
  std::vector<std::string> ranges;
  for (const auto& request : servers.requests())
    if (request["method"] == "PATCH")
      ranges.push_back(request["headers"]["Content-Range"].get<std::string>());
  CHECK(ranges == std::vector<std::string>{"0-399999", "400000-799999", "800000-999999"});
  CHECK(test::read(*repository, blob) == bytes);
  servers.forget();
  test::put(*repository, "small", "x");
  CHECK(servers.count("PATCH") == 0);
}

TEST_CASE("put_blob: OCI-Chunk-Min-Length is honoured") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  peer.options.chunk = 1'000;
  servers.script(
      Json::array({fault("POST", 1, {{"set_headers", {{"OCI-Chunk-Min-Length", "600000"}}}})}));
  auto repository = peer.open();
  test::put(*repository, test::pattern(1'000'000), "x");
  CHECK(servers.count("PATCH") == 2);
}

TEST_CASE("put_blob: a broken chunk is resumed from what the registry says it has") {
  REQUIRE_REGISTRY();
  const Servers servers({"mkdir $FIXTURE_DIR/site", "faulty_serve $FIXTURE_DIR/site"});
  Peer peer(servers);
  peer.options.upload = Upload::chunked;
  peer.options.chunk = 400'000;
  const auto accept = [](const std::string& location) {
    return Json{{"status", 202}, {"headers", {{"Location", location}}}};
  };
  servers.script(Json::array(
      {fault("POST", 1, accept("/u/1")),
       fault("PATCH /u/1", 1, accept("/u/2")),
       fault("PATCH /u/2", 1, {{"reset_upload", 200'000}}),
       fault("GET /u/2",
             1,
             {{"status", 204}, {"headers", {{"Range", "0-499999"}, {"Location", "/u/3"}}}}),
       fault("PATCH /u/3", 1, accept("/u/4")),
       fault("PATCH /u/4", 1, accept("/u/5")),
       fault("PUT /u/5", 1, {{"status", 201}})}));
  auto repository = peer.open();
  test::put(*repository, test::pattern(1'000'000), "x");
  std::vector<std::string> ranges;
  for (const auto& request : servers.requests())
    if (request["method"] == "PATCH")
      ranges.push_back(request["headers"]["Content-Range"].get<std::string>());
  CHECK(ranges ==
        std::vector<std::string>{"0-399999", "400000-799999", "500000-899999", "900000-999999"});
}

TEST_CASE("put_blob: a broken chunk, with a registry that can't say what it has") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  peer.options.upload = Upload::chunked;
  peer.options.chunk = 500'000;
  const auto bytes = test::pattern(1'500'000);
  SECTION("the connection breaks") {
    servers.script(Json::array({fault("PATCH", 1, {{"reset_upload", 200'000}}, 1)}));
  }
  SECTION("only the answer is lost") {
    servers.script(Json::array({fault("PATCH", 1, {{"lose", true}}, 1)}));
  }
  SECTION("the server is busy") {
    servers.script(Json::array({fault("PATCH", 2, {{"status", 503}}, 1)}));
  }
  auto repository = peer.open();
  const auto blob = test::put(*repository, bytes, "x");
  // distribution refuses a location whose state is older than what it has stored.
  CHECK(test::read(*repository, blob) == bytes);
  CHECK(servers.count("GET", "/blobs/uploads/") >= 1);
  CHECK(servers.count("POST") <= 2);
}

TEST_CASE("put_blob: a broken upload in one piece is begun again") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  const auto bytes = test::pattern(1'500'000);
  const Json actions = {
      {{"reset_upload", 300'000}},
      {{"status", 500}},
      {{"status", 502}},
      {{"status", 429}, {"retry_after", 0}},
      {{"status", 404}, {"body", R"({"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]})"}}};
  std::uint32_t seed = 0;
  for (const auto& action : actions) {
    INFO(action);
    servers.forget();
    servers.script(Json::array({fault("PUT", 2, action)}));
    auto repository = peer.open();
    const auto each = test::pattern(1'500'000, ++seed);
    const auto blob = test::put(*repository, each, "x");
    CHECK(test::read(*repository, blob) == each);
    CHECK(servers.count("POST") == 3);
  }
}

TEST_CASE("put_blob: a registry is not sent a blob again before it says") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  servers.script(Json::array({fault("PUT", 1, {{"status", 429}, {"retry_after", 1}})}));
  auto repository = peer.open();
  const auto before = std::chrono::steady_clock::now();
  test::put(*repository, "bytes", "x");
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::seconds(1));
}

TEST_CASE("put_blob: when only the last answer is lost, the blob is not sent again") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  servers.script(Json::array({fault("PUT", 1, {{"lose", true}})}));
  auto repository = peer.open();
  test::put(*repository, test::pattern(800'000), "x");
  CHECK(servers.count("PUT") == 1);
}

TEST_CASE("put_blob: gives up with the registry's last words") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  servers.script(Json::array(
      {fault("PUT",
             100,
             {{"status", 503}, {"body", R"({"errors":[{"code":"BUSY","message":"later"}]})"}})}));
  auto repository = peer.open();
  const auto error = test::failure([&] { test::put(*repository, "bytes", "x"); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == cat("cannot upload blob ",
                               sha256("bytes"),
                               " (5 B): ",
                               servers["FAULTY"],
                               " answers with status 503"));
  CHECK(error.details() == std::vector<std::string>{"BUSY: later"});
  CHECK(servers.count("PUT") == 5);
}

TEST_CASE("put_blob: what will never pass is not tried again") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  servers.script(Json::array({fault("PUT", 100, {{"status", 403}})}));
  auto repository = peer.open();
  CHECK_THAT(test::failure([&] { test::put(*repository, "bytes", "x"); }).message(),
             Catch::EndsWith("status 403"));
  CHECK(servers.count("PUT") == 1);
}

TEST_CASE("put_blob: a PUT that is too large becomes a PATCH") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  servers.script(Json::array({fault("PUT", 1, {{"status", 413}, {"unread", true}})}));
  auto repository = peer.open();
  const auto bytes = test::pattern(1'500'000);
  CHECK(test::read(*repository, test::put(*repository, bytes, "x")) == bytes);
  CHECK(servers.count("PATCH") == 1);
}

TEST_CASE("put_blob: mounts what the registry has in another repository") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto other = peer.open("base/image");
  const auto bytes = test::pattern(700'000);
  const auto blob = test::put(*other, bytes, "x");
  servers.forget();
  auto repository = peer.open();
  auto origin = test::origin_of(bytes);
  origin.mount_from = "base/image";
  SECTION("as it should be") {
    repository->put_blob(blob, origin);
    CHECK(servers.requests().size() == 2);
    CHECK(servers.count("POST", "mount=sha256%3A") == 1);
    CHECK(servers.count("POST", "from=base%2Fimage") == 1);
  }
  SECTION("the registry does not mount, and gives an upload instead") {
    origin.mount_from = "no/such/repository";
    repository->put_blob(blob, origin);
    CHECK(servers.count("POST") == 1);
    CHECK(servers.count("PUT") == 1);
  }
  SECTION("the registry fails at it") {
    const int status = GENERATE(400, 401, 403, 404, 405, 500);
    servers.script(Json::array({fault("POST .*mount=", 1, {{"status", status}})}));
    repository->put_blob(blob, origin);
    CHECK(servers.count("POST") == 2);
    CHECK(servers.count("PUT") == 1);
  }
  CHECK(test::read(*repository, blob) == bytes);
}

TEST_CASE("put_blob: an upload location at another host gets no Authorization") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "perl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start basic", "faulty_proxy $REGISTRY_URL"});
  const Servers storage({"mkdir $FIXTURE_DIR/site", "faulty_serve $FIXTURE_DIR/site"});
  storage.script(Json::array({fault("PUT", 1, {{"status", 201}})}));
  Peer peer(servers);
  peer.log_in();
  auto repository = peer.open();
  test::put(*repository, "first", "x");
  servers.forget();
  servers.script(Json::array({fault(
      "POST", 1, {{"set_headers", {{"Location", storage["FAULTY_URL"] + "/put?sig=a%2Fb%3D"}}}})}));
  test::put(*repository, "second", "x");
  CHECK(servers.requests().at(1)["headers"]["Authorization"] == "Basic");
  const auto request = storage.requests().at(0);
  CHECK_FALSE(request["headers"].contains("Authorization"));
  CHECK(request["path"] == "/put?sig=a%2Fb%3D&digest=sha256%3A" + sha256("second").hex());
}

TEST_CASE("put_blob: locations that lead nowhere are errors") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  servers.script(
      Json::array({fault("POST", 9, {{"set_headers", {{"Location", "file:///etc/passwd"}}}})}));
  auto repository = peer.open();
  const auto error = test::failure([&] { test::put(*repository, "x", "x"); });
  CHECK(error.kind() == Kind::machine);
  CHECK_THAT(error.message(), Catch::Contains("sends to 'file:///etc/passwd', which is no URL"));
}

TEST_CASE("put_blob: a relative location is relative to the request") {
  REQUIRE_REGISTRY();
  const Servers servers({"mkdir $FIXTURE_DIR/site", "faulty_serve $FIXTURE_DIR/site"});
  Peer peer(servers);
  servers.script(
      Json::array({fault("POST", 1, {{"status", 202}, {"headers", {{"Location", "session?x=1"}}}}),
                   fault("PUT", 1, {{"status", 201}})}));
  auto repository = peer.open();
  test::put(*repository, "x", "x");
  CHECK(servers.requests().back()["path"].get<std::string>().starts_with(
      "/v2/some/app/blobs/uploads/session?x=1&digest=sha256%3A"));
}
