// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/http/client.hpp"

#include "support/servers.hpp"
#include "support/string_sink.hpp"

using namespace cullet;
using namespace cullet::http;
using test::Servers;

namespace {

Json redirect(const std::string& from, int status, const std::string& to) {
  return {{"match", from},
          {"action", {{"status", status}, {"headers", {{"Location", to}}}, {"body", "moved"}}}};
}

Json answer(const std::string& what, int status = 200) {
  return {{"match", what}, {"action", {{"status", status}, {"body", "there"}}}};
}

Request authorised(const std::string& url) {
  Request request;
  request.url = url;
  request.headers.emplace("authorization", "Bearer secret");
  return request;
}

}  // namespace

TEST_CASE("Client: Authorization stays at its origin") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Servers here(test::kScripted);
  const Servers there(test::kScripted);
  here.script(
      Json::array({redirect("/a", 307, "/b"), redirect("/b", 307, there["FAULTY_URL"] + "/c")}));
  // And it does not come back by way of another host.
  there.script(Json::array({redirect("/c", 307, here["FAULTY_URL"] + "/d")}));
  here.script(Json::array(
      {redirect("/a", 307, "/b"), redirect("/b", 307, there["FAULTY_URL"] + "/c"), answer("/d")}));
  Client client(test::fast_options(), Cancel());
  const auto response = client.send(authorised(here["FAULTY_URL"] + "/a"));
  CHECK(response.status == 200);
  CHECK(response.body == "there");
  CHECK(response.url == here["FAULTY_URL"] + "/d");
  const auto first = here.requests();
  REQUIRE(first.size() == 3);
  CHECK(first[0]["headers"].contains("Authorization"));
  CHECK(first[1]["headers"].contains("Authorization"));
  CHECK_FALSE(first[2]["headers"].contains("Authorization"));
  const auto second = there.requests();
  REQUIRE(second.size() == 1);
  CHECK_FALSE(second[0]["headers"].contains("Authorization"));
}

TEST_CASE("Client: user and password of a URL are Basic credentials for its origin") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Servers here(test::kScripted);
  const Servers there(test::kScripted);
  here.script(Json::array({redirect("/a", 302, there["FAULTY_URL"] + "/b")}));
  there.script(Json::array({answer("/b")}));
  Client client(test::fast_options(), Cancel());
  Request request;
  request.url = "http://me:pw@" + here["FAULTY"] + "/a";
  CHECK(client.send(request).status == 200);
  CHECK(here.requests().at(0)["headers"]["Authorization"] == "Basic");
  CHECK_FALSE(there.requests().at(0)["headers"].contains("Authorization"));
}

TEST_CASE("Client: methods through redirects") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Servers site(test::kScripted);
  Client client(test::fast_options(), Cancel());
  const std::string body = "body";
  const auto method_after = [&](const std::string& method, int status) {
    site.forget();
    site.script(Json::array({redirect("/from", status, "/to"), answer("/to")}));
    Request request;
    request.method = method;
    request.url = site["FAULTY_URL"] + "/from";
    if (method != "GET" && method != "HEAD") {
      request.body = [&body] { return std::make_unique<MemorySource>(body); };
      request.body_size = body.size();
    }
    CHECK(client.send(request).status == 200);
    const auto last = site.requests().back();
    return cat(last["method"].get<std::string>(), " ", last["received"].get<int>());
  };
  CHECK(method_after("GET", 301) == "GET 0");
  CHECK(method_after("HEAD", 302) == "HEAD 0");
  CHECK(method_after("HEAD", 303) == "HEAD 0");
  CHECK(method_after("POST", 302) == "GET 0");
  CHECK(method_after("POST", 307) == "POST 4");
  CHECK(method_after("PUT", 308) == "PUT 4");
  CHECK(method_after("PUT", 302) == "PUT 4");
  CHECK(method_after("PUT", 303) == "GET 0");
}

TEST_CASE("Client: redirects that are refused") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Servers site(test::kScripted);
  Client client(test::fast_options(), Cancel());
  const auto message = [&](const std::string& to) {
    site.script(Json::array({redirect("/a", 302, to)}));
    try {
      client.send(authorised(site["FAULTY_URL"] + "/a"));
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::machine);
      return error.message();
    }
    return std::string("no error");
  };
  CHECK(message("file:///etc/passwd").find("no http URL") != std::string::npos);
  CHECK(message("ftp://h/").find("no http URL") != std::string::npos);
  CHECK(message("/a").find("more than 5 redirects") != std::string::npos);
  site.script({{{"match", "/a"}, {"action", {{"status", 302}}}}});
  CHECK_THROWS_WITH(client.send(authorised(site["FAULTY_URL"] + "/a")),
                    Catch::EndsWith("status 302 without a Location"));
}

TEST_CASE("Client: redirects are only followed if wanted") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Servers site(test::kScripted);
  site.script(Json::array({redirect("/a", 307, "/b")}));
  Client client(test::fast_options(), Cancel());
  auto request = authorised(site["FAULTY_URL"] + "/a");
  request.follow_redirects = false;
  const auto response = client.send(request);
  CHECK(response.status == 307);
  CHECK(response.header("location") == "/b");
  CHECK(response.body == "moved");
}

TEST_CASE("Client: a redirect's body never reaches the sink") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Servers site(test::kScripted);
  site.script(Json::array({redirect("/a", 307, "/b"), answer("/b")}));
  Client client(test::fast_options(), Cancel());
  StringSink sink;
  Request request;
  request.url = site["FAULTY_URL"] + "/a";
  request.sink = &sink;
  CHECK(client.send(request).status == 200);
  CHECK(sink.text() == "there");
}
