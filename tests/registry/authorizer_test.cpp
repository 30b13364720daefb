// SPDX-License-Identifier: Apache-2.0
#include "authorizer.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::Peer;
using test::Servers;

namespace {

std::vector<Json> token_requests(const Servers& servers) {
  std::vector<Json> result;
  for (const auto& line : split(read_file(servers["TOKEN_SERVER_LOG"], 1U << 20U), '\n'))
    if (!line.empty())
      result.push_back(Json::parse(line));
  return result;
}

http::Response challenge(const std::string& value) {
  return {.status = 401,
          .headers = {{"www-authenticate", value}},
          .body = {},
          .url = "https://h.example/v2/"};
}

}  // namespace

TEST_CASE("Authorizer: a token server without TLS is refused where the registry has it") {
  http::Client client(test::fast_options(), Cancel());
  const CredentialFiles files;
  Authorizer authorizer(client, files, "h.example", "a", Cancel());
  const auto https = *http::Url::parse("https://h.example/v2/");
  const auto error = test::failure([&] {
    authorizer.learn(
        challenge("Bearer realm=\"http://h.example/token\""), https, {}, std::nullopt, false);
  });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == "h.example sends to a token server without TLS: http://h.example/token");
}

TEST_CASE("Authorizer: challenges that lead nowhere") {
  http::Client client(test::fast_options(), Cancel());
  const CredentialFiles files;
  Authorizer authorizer(client, files, "h.example", "a", Cancel());
  const auto https = *http::Url::parse("https://h.example/v2/");
  for (const auto* value : {"",
                            "Bearer",
                            "Bearer realm=\"\"",
                            "Bearer realm=\"file:///etc/passwd\"",
                            "Bearer realm=\"/token\"",
                            "Digest realm=x",
                            "Basic realm=x"})
    CHECK_FALSE(authorizer.learn(challenge(value), https, {}, std::nullopt, false));
  CHECK_FALSE(authorizer.header({}));
}

TEST_CASE("Remote: Basic authentication") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "perl", "bash", "setpriv");
  const Servers servers({"registry_start basic"});
  Peer peer(servers);
  SECTION("with credentials") {
    peer.log_in();
    auto repository = peer.open();
    const auto image = test::put_image(*repository, {"layer"});
    CHECK(repository->find_manifest(image.digest));
  }
  SECTION("without") {
    auto repository = peer.open();
    const auto error = test::failure([&] { repository->find_tag("x"); });
    CHECK(error.kind() == Kind::machine);
    CHECK(error.message() == cat("cannot look for ",
                                 repository->name(),
                                 ":x: ",
                                 servers["REGISTRY"],
                                 " answers with status 401"));
    CHECK(error.hints() == std::vector<std::string>{cat("log in with `docker login ",
                                                        servers["REGISTRY"],
                                                        "` or `podman login ",
                                                        servers["REGISTRY"],
                                                        "`")});
  }
  SECTION("with wrong ones") {
    peer.log_in("wrong");
    auto repository = peer.open();
    const auto error = test::failure([&] { repository->tags(); });
    CHECK_THAT(error.message(), Catch::EndsWith("status 401"));
    CHECK(error.render().find("wrong") == std::string::npos);
  }
}

TEST_CASE("Remote: Bearer tokens, one for each scope") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const auto* fields = GENERATE("token", "access_token");
  const Servers servers({cat("TOKEN_SERVER_OPTIONS=(--lifetime-unsaid --token-field ", fields, ")"),
                         "registry_start token"});
  Peer peer(servers);
  peer.log_in();
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one", "two"});
  test::tag(*repository, "latest", image);
  CHECK(repository->find_tag("latest")->digest == image.digest);
  const auto requests = token_requests(servers);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0]["scopes"] == Json::array({"repository:some/app:pull"}));
  CHECK(requests[1]["scopes"] == Json::array({"repository:some/app:pull,push"}));
  CHECK(requests[0]["user"] == servers["REGISTRY_USER"]);
}

TEST_CASE("Remote: anonymous pull through a token server") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"TOKEN_SERVER_OPTIONS=(--anonymous-pull)", "registry_start token"});
  Peer peer(servers);
  auto repository = peer.open();
  CHECK_FALSE(repository->find_tag("latest"));
  const auto error = test::failure([&] { test::put(*repository, "x", "y"); });
  CHECK(error.kind() == Kind::machine);
  CHECK_THAT(error.message(), Catch::Contains("answers with status 401"));
}

TEST_CASE("Remote: identity tokens") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start token"});
  Peer peer(servers);
  peer.use_config({{"auths", {{servers["REGISTRY"], {{"identitytoken", "cullet-identity"}}}}}});
  auto repository = peer.open();
  test::put(*repository, "x", "y");
  const auto requests = token_requests(servers);
  REQUIRE_FALSE(requests.empty());
  CHECK(requests[0]["method"] == "POST");
}

TEST_CASE("Remote: a token server without POST is asked with GET") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"TOKEN_SERVER_OPTIONS=(--no-post)", "registry_start token"});
  Peer peer(servers);
  peer.use_config(
      {{"auths",
        {{servers["REGISTRY"],
          {{"auth", base64(servers["REGISTRY_USER"] + ":" + servers["REGISTRY_PASSWORD"])},
           {"identitytoken", "cullet-identity"}}}}}});
  auto repository = peer.open();
  test::put(*repository, "x", "y");
  const auto requests = token_requests(servers);
  REQUIRE(requests.size() >= 2);
  CHECK(requests[0]["method"] == "POST");
  CHECK(requests[1]["method"] == "GET");
}

TEST_CASE("Remote: a token server that refuses is named") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start token"});
  Peer peer(servers);
  peer.log_in("wrong");
  auto repository = peer.open();
  const auto error = test::failure([&] { repository->find_tag("x"); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == cat("cannot get a token for ",
                               servers["REGISTRY"],
                               ": ",
                               servers["TOKEN_SERVER_REALM"],
                               " answers with status 401"));
  CHECK(error.details() == std::vector<std::string>{"UNAUTHORIZED", "asked as 'someone'"});
}

TEST_CASE("Remote: a token that expires in the middle of a push is renewed") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "python3", "bash", "setpriv");
  const Servers servers({"registry_start token", "faulty_proxy $REGISTRY_URL"});
  Peer peer(servers);
  peer.log_in();
  const Json expired = {{"status", 401},
                        {"headers",
                         {{"WWW-Authenticate",
                           cat("Bearer realm=\"",
                               servers["TOKEN_SERVER_REALM"],
                               "\",service=\"cullet-tests\",error=\"invalid_token\"")}}}};
  SECTION("when the registry says so") {
    servers.script({{{"match", "PUT .*/blobs/uploads/"}, {"times", 1}, {"action", expired}},
                    {{"match", "PUT .*/manifests/"}, {"times", 1}, {"action", expired}}});
    auto repository = peer.open();
    const auto layer = test::pattern(2'000'000);
    const auto image = test::put_image(*repository, {layer});
    CHECK(repository->has_manifest(image.digest));
    CHECK(token_requests(servers).size() == 4);
  }
  SECTION("by the clock, before the registry has to") {
    std::int64_t now = 1'000'000;
    peer.http_options.now = [&now] { return now; };
    auto repository = peer.open();
    test::put(*repository, "one", "x");
    const auto before = token_requests(servers).size();
    const auto challenges = servers.requests().size();
    now += 290;  // of the 300 seconds, the last ten don't count
    test::put(*repository, "two", "x");
    CHECK(token_requests(servers).size() == before + 2);
    CHECK(servers.requests().size() == challenges + 3);
  }
}
