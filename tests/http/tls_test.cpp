// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/http/client.hpp"

#include "http/own_namespace.hpp"
#include "support/servers.hpp"

using namespace cullet;
using namespace cullet::http;
using test::Servers;

namespace {

std::optional<Error> failure(const Options& options, const std::string& url, bool plain = false) {
  Client client(options, Cancel());
  Request request;
  request.url = url;
  request.plain_if_no_tls = plain;
  try {
    const auto response = client.send(request);
    CHECK(response.status == 200);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

/// A certs.d directory with the files that `servers` need.
std::filesystem::path certs(const Servers& servers, bool client_certificate) {
  const auto directory = servers.directory() / "certs.d";
  const auto host = directory / servers["REGISTRY"];
  std::filesystem::create_directories(host);
  std::filesystem::copy_file(servers["REGISTRY_CA"], host / "ca.crt");
  if (client_certificate) {
    std::filesystem::copy_file(servers["REGISTRY_CERTIFICATE"], host / "client.cert");
    std::filesystem::copy_file(servers["REGISTRY_KEY"], host / "client.key");
  }
  return directory;
}

}  // namespace

TEST_CASE("Client: an unknown authority is refused, saying where to put it") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "bash", "setpriv");
  const Servers servers({"registry_start tls"});
  auto options = test::fast_options();
  options.certs_directories = {"/srv/certs.d"};
  const auto error = failure(options, servers["REGISTRY_URL"] + "/v2/");
  REQUIRE(error);
  CHECK(error->kind() == Kind::machine);
  CHECK(error->message().find("certificate") != std::string::npos);
  REQUIRE(error->hints().size() == 1);
  CHECK(error->hints()[0].find("/srv/certs.d/" + servers["REGISTRY"] + "/ca.crt") !=
        std::string::npos);
}

TEST_CASE("Client: authorities from options and from certs.d") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "bash", "setpriv");
  const Servers servers({"registry_start tls"});
  const auto url = servers["REGISTRY_URL"] + "/v2/";
  auto options = test::fast_options();
  SECTION("for all hosts") {
    options.ca_file = servers["REGISTRY_CA"];
  }
  SECTION("for one host and port") {
    options.tls[servers["REGISTRY"]].ca_file = servers["REGISTRY_CA"];
  }
  SECTION("for one host") {
    options.tls["127.0.0.1"].ca_file = servers["REGISTRY_CA"];
  }
  SECTION("in certs.d") {
    options.certs_directories = {"/nowhere", certs(servers, false)};
  }
  CHECK_FALSE(failure(options, url));
}

TEST_CASE("Client: authorities instead of the system's are so beside certs.d, too") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "bash", "setpriv");
  const Servers servers({"registry_start tls",
                         "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                         "-days 2 -subj /CN=other "
                         "-keyout $FIXTURE_DIR/other.key -out $FIXTURE_DIR/other.pem 2>/dev/null",
                         "mkdir $FIXTURE_DIR/system && cp $REGISTRY_CA $FIXTURE_DIR/system && "
                         "openssl rehash $FIXTURE_DIR/system"});
  const auto other = servers["FIXTURE_DIR"] + "/other.pem";
  const auto host = servers.directory() / "certs.d" / servers["REGISTRY"];
  std::filesystem::create_directories(host);
  std::filesystem::copy_file(other, host / "ca.crt");
  // 0: reached, 1: the server's authority is not known.
  const auto outcome = [&](const std::string& ca_file) {
    return in_own_process([&] {
      if (!enter_namespaces(0) || !lay_over(servers["FIXTURE_DIR"] + "/system", "/etc/ssl/certs"))
        return kNotAllowed;
      auto options = test::fast_options();
      options.certs_directories = {servers.directory() / "certs.d"};
      options.ca_file = ca_file;
      Client client(options, Cancel());
      Request request;
      request.url = servers["REGISTRY_URL"] + "/v2/";
      try {
        return client.send(request).status == 200 ? 0 : 2;
      } catch (const Error& error) {
        return error.message().find("certificate") != std::string::npos ? 1 : 3;
      }
    });
  };
  const auto usual = outcome("");
  if (usual == kNotAllowed) {
    WARN("skipped: no user namespaces here");
    return;
  }
  CHECK(usual == 0);  // the directory is what the system has
  CHECK(outcome(other) == 1);
}

TEST_CASE("Client: client certificates") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "openssl", "bash", "setpriv");
  const Servers servers({"registry_start mtls"});
  const auto url = servers["REGISTRY_URL"] + "/v2/";
  auto options = test::fast_options();
  SECTION("from options") {
    options.tls[servers["REGISTRY"]] = {.ca_file = servers["REGISTRY_CA"],
                                        .client_certificate = servers["REGISTRY_CERTIFICATE"],
                                        .client_key = servers["REGISTRY_KEY"]};
    CHECK_FALSE(failure(options, url));
  }
  SECTION("from certs.d") {
    options.certs_directories = {certs(servers, true)};
    CHECK_FALSE(failure(options, url));
  }
  SECTION("a certificate without its key") {
    const auto directory = certs(servers, true);
    std::filesystem::remove(directory / servers["REGISTRY"] / "client.key");
    options.certs_directories = {directory};
    const auto error = failure(options, url);
    REQUIRE(error);
    CHECK(error->kind() == Kind::input);
    CHECK(error->message().find("client.cert has no key") != std::string::npos);
  }
  SECTION("none") {
    options.ca_file = servers["REGISTRY_CA"];
    const auto error = failure(options, url);
    REQUIRE(error);
    CHECK(error->kind() == Kind::machine);
    REQUIRE(error->hints().size() == 1);
    CHECK(error->hints()[0].find("client.cert") != std::string::npos);
  }
}

TEST_CASE("Client: plain http instead of https only when told, and only on this machine") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "bash", "setpriv");
  const Servers servers({"registry_start"});
  const auto url = "https://" + servers["REGISTRY"] + "/v2/";
  CHECK_FALSE(failure(test::fast_options(), url, true));
  const auto error = failure(test::fast_options(), url, false);
  REQUIRE(error);
  CHECK(error->kind() == Kind::machine);
  CHECK(error->hints().at(0).find("plain http") != std::string::npos);
}
