// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>

#include "cullet/base/error.hpp"

#include "http/own_namespace.hpp"
#include "support/servers.hpp"
#include "support/string_sink.hpp"

using namespace cullet;
using namespace cullet::http;
using test::pattern;
using test::Servers;

namespace {

/// A faulty server over a directory with one file, "data".
struct Site {
  explicit Site(const std::string& content = "hello") : servers(test::kScripted) {
    replace_file(servers["FIXTURE_DIR"] + "/site/data", content);
  }
  [[nodiscard]] std::string url(const std::string& path = "/data") const {
    return servers["FAULTY_URL"] + path;
  }
  Servers servers;
};

Request get(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

Error failure(Client& client, const Request& request) {
  try {
    client.send(request);
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  return {Kind::internal, ""};
}

}  // namespace

TEST_CASE("Client::send: status, headers and body") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  const auto response = client.send(get(site.url()));
  CHECK(response.status == 200);
  CHECK(response.body == "hello");
  CHECK(response.header("content-length") == "5");
  CHECK_FALSE(response.header("x-absent"));
  CHECK(client.send(get(site.url("/nothing"))).status == 404);
}

TEST_CASE("Client::send: HEAD has headers and no body") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  auto request = get(site.url());
  request.method = "HEAD";
  const auto response = client.send(request);
  CHECK(response.status == 200);
  CHECK(response.body.empty());
  CHECK(response.header("content-length") == "5");
}

TEST_CASE("Client::send: what passes is tried again, with either form of Retry-After") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  auto options = test::fast_options();
  options.now = [] { return std::int64_t{784111777}; };
  Client client(options, Cancel());
  const auto tries = [&](const Json& action) {
    site.servers.forget();
    site.servers.script({{{"match", "GET /data"}, {"times", 2}, {"action", action}}});
    const auto response = client.send(get(site.url()));
    CHECK(response.status == 200);
    CHECK(response.body == "hello");
    return site.servers.count("GET", "/data");
  };
  CHECK(tries({{"status", 500}}) == 3);
  CHECK(tries({{"status", 502}}) == 3);
  CHECK(tries({{"status", 408}}) == 3);
  CHECK(tries({{"status", 429}, {"retry_after", 0}}) == 3);
  CHECK(tries({{"status", 403}, {"retry_after", 0}}) == 3);
  CHECK(tries({{"status", 503}, {"headers", {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}}}) ==
        3);
  CHECK(tries({{"lose", true}}) == 3);
  CHECK(tries({{"reset", 2}}) == 3);
  CHECK(tries({{"truncate", 2}}) == 3);
}

TEST_CASE("Client::send: no request comes before the time that Retry-After says") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  auto options = test::fast_options();
  options.now = [] { return std::int64_t{784111776}; };
  Client client(options, Cancel());
  for (const auto* second : {"1", "Sun, 06 Nov 1994 08:49:37 GMT"}) {
    INFO(second);
    site.servers.script({{{"match", "GET /data"},
                          {"times", 1},
                          {"action", {{"status", 503}, {"headers", {{"Retry-After", second}}}}}}});
    const auto before = std::chrono::steady_clock::now();
    CHECK(client.send(get(site.url())).status == 200);
    CHECK(std::chrono::steady_clock::now() - before >= std::chrono::seconds(1));
  }
}

TEST_CASE("Client::send: what does not pass is returned at once") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  for (const int status : {400, 401, 403, 404, 416, 501}) {
    site.servers.forget();
    site.servers.script({{{"match", "GET"}, {"action", {{"status", status}, {"body", "why"}}}}});
    const auto response = client.send(get(site.url()));
    CHECK(response.status == status);
    CHECK(response.body == "why");
    CHECK(site.servers.count("GET", "/data") == 1);
  }
}

TEST_CASE("Client::send: the last answer is returned when all attempts are used") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  site.servers.script({{{"match", "GET"}, {"action", {{"status", 503}}}}});
  CHECK(client.send(get(site.url())).status == 503);
  site.servers.script(Json::array());
  CHECK(site.servers.count("GET", "/data") == 5);
}

TEST_CASE("Client::send: an hour's Retry-After is not waited for") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  site.servers.script({{{"match", "GET"}, {"action", {{"status", 429}, {"retry_after", 3600}}}}});
  CHECK(client.send(get(site.url())).status == 429);
  site.servers.script(Json::array());
  CHECK(site.servers.count("GET", "/data") == 1);
}

TEST_CASE("Client::send: retries can be switched off") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  site.servers.script({{{"match", "GET"}, {"times", 1}, {"action", {{"lose", true}}}}});
  auto request = get(site.url());
  request.retry = false;
  const auto error = failure(client, request);
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message().starts_with("cannot reach " + site.url() + ": "));
}

TEST_CASE("Client::send: a body is sent whole, and again from its start on a retry") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  const auto body = pattern(3'000'000);
  site.servers.script({{{"match", "PUT"}, {"times", 1}, {"action", {{"reset_upload", 100'000}}}},
                       {{"match", "PUT"}, {"action", {{"status", 201}}}}});
  int opened = 0;
  std::uint64_t progress = 0;
  auto request = get(site.url("/put"));
  request.method = "PUT";
  request.body = [&] {
    ++opened;
    return std::make_unique<MemorySource>(body);
  };
  request.body_size = body.size();
  request.progress = [&](std::uint64_t bytes) { progress = bytes; };
  CHECK(client.send(request).status == 201);
  CHECK(opened == 2);
  CHECK(progress == body.size());
  const auto requests = site.servers.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[1]["received"] == body.size());
  CHECK(requests[1]["headers"]["Content-Length"] == std::to_string(body.size()));
  CHECK_FALSE(requests[1]["headers"].contains("Transfer-Encoding"));
}

TEST_CASE("Client::send: POST and PUT without a body say so") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  site.servers.script({{{"match", "P"}, {"action", {{"status", 202}}}}});
  for (const auto* method : {"POST", "PUT", "PATCH"}) {
    auto request = get(site.url());
    request.method = method;
    CHECK(client.send(request).status == 202);
    const auto sent = site.servers.requests().back();
    CHECK(sent["method"] == method);
    CHECK(sent["headers"]["Content-Length"] == "0");
    CHECK_FALSE(sent["headers"].contains("Content-Type"));
  }
}

TEST_CASE("Client::send: what the body's source throws is not retried and not lost") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  class Broken final : public Source {
    std::size_t read(std::span<std::byte> /*into*/) override {
      throw Error(Kind::refused, "the source is broken").hint("mend it");
    }
  };
  const Site site;
  Client client(test::fast_options(), Cancel());
  auto request = get(site.url());
  request.method = "PUT";
  request.body = [] { return std::make_unique<Broken>(); };
  request.body_size = 10;
  const auto error = failure(client, request);
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() == "the source is broken");
  CHECK(error.hints() == std::vector<std::string>{"mend it"});
}

TEST_CASE("Client::send: an answer before the body was read counts") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  site.servers.script({{{"match", "PUT"}, {"action", {{"status", 413}, {"unread", true}}}}});
  const auto body = pattern(4'000'000);
  auto request = get(site.url());
  request.method = "PUT";
  request.body = [&] { return std::make_unique<MemorySource>(body); };
  request.body_size = body.size();
  CHECK(client.send(request).status == 413);
}

TEST_CASE("Client::send: a sink gets 2xx bodies only, and is rewound on a retry") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(2'000'000);
  const Site site(content);
  Client client(test::fast_options(), Cancel());
  site.servers.script(
      {{{"match", "GET"}, {"times", 1}, {"action", {{"status", 500}, {"body", "x"}}}},
       {{"match", "GET"}, {"times", 1}, {"action", {{"reset", 700'000}}}}});
  auto sink = std::make_unique<StringSink>();
  struct Forward final : Sink {
    explicit Forward(std::unique_ptr<StringSink>& to) : target(to) {}
    void write(Bytes bytes) override { target->write(bytes); }
    std::unique_ptr<StringSink>& target;
  } forward(sink);
  auto request = get(site.url());
  request.sink = &forward;
  request.reset_sink = [&] { sink = std::make_unique<StringSink>(); };
  const auto response = client.send(request);
  CHECK(response.status == 200);
  CHECK(response.body.empty());
  CHECK(sink->text() == content);

  request.url = site.url("/nothing");
  request.reset_sink();
  CHECK(client.send(request).status == 404);
  CHECK(sink->text().empty());
}

TEST_CASE("Client::send: a body without a sink is bounded") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site(pattern(9'000'000));
  Client client(test::fast_options(), Cancel());
  const auto error = failure(client, get(site.url()));
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message().ends_with("the answer is larger than 8.0 MiB"));
}

TEST_CASE("Client::send: an error's body is cut to 64 KiB") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  site.servers.script(
      {{{"match", "GET"}, {"action", {{"status", 400}, {"body", std::string(200'000, 'x')}}}}});
  CHECK(client.send(get(site.url())).body == std::string(64 << 10, 'x'));
  site.servers.script(Json::array());
  CHECK(client.send(get(site.url())).body == "hello");
}

TEST_CASE("Client::send: too many or too long headers are refused") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  Client client(test::fast_options(), Cancel());
  Json headers = Json::object();
  for (int i = 0; i < 300; ++i)
    headers[cat("X-", i)] = "1";
  site.servers.script({{{"match", "GET"}, {"action", {{"status", 200}, {"headers", headers}}}}});
  CHECK(failure(client, get(site.url())).message().ends_with("more than 256 headers"));
  headers = Json::object();
  for (int i = 0; i < 10; ++i)
    headers[cat("X-", i)] = std::string(40'000, 'x');
  site.servers.script({{{"match", "GET"}, {"action", {{"status", 200}, {"headers", headers}}}}});
  CHECK(failure(client, get(site.url())).message().ends_with("more than 256.0 KiB of headers"));
}

TEST_CASE("Client::send: header values can't smuggle further headers") {
  Client client(test::fast_options(), Cancel());
  auto request = get("http://127.0.0.1:1/");
  request.headers.emplace("authorization", "Bearer x\r\nX-Evil: 1");
  const auto error = failure(client, request);
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message().find("can't be sent") != std::string::npos);
}

TEST_CASE("Client::send: a connection that nobody takes is an error with its reason") {
  auto options = test::fast_options();
  options.attempts = 2;
  Client client(options, Cancel());
  const auto error = failure(client, get("http://someone:secret@127.0.0.1:1/x?token=secret"));
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message().starts_with("cannot reach http://127.0.0.1:1/x: "));
  CHECK(error.render().find("secret") == std::string::npos);
  REQUIRE(error.hints().size() == 1);
}

TEST_CASE("Client::send: offline opens no connection") {
  auto options = test::fast_options();
  options.offline = true;
  Client client(options, Cancel());
  CHECK(client.offline());
  const auto error = failure(client, get("http://127.0.0.1:1/x"));
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == "--offline: http://127.0.0.1:1/x was not opened");
}

TEST_CASE("Client::send: only http and https are spoken") {
  Client client(test::fast_options(), Cancel());
  for (const auto* url : {"file:///etc/passwd", "ftp://h/x", "/x", "gopher://h/"})
    CHECK(failure(client, get(url)).kind() == Kind::input);
}

TEST_CASE("Client::send: a server that trickles is broken off") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site(pattern(100'000));
  auto options = test::fast_options();
  options.stall_timeout = std::chrono::seconds(1);
  options.attempts = 1;
  Client client(options, Cancel());
  site.servers.script(
      {{{"match", "GET"}, {"action", {{"trickle", {{"bytes", 10}, {"seconds", 0.1}}}}}}});
  const auto error = failure(client, get(site.url()));
  CHECK(error.message().find("less than 1 KiB/s for 1 s") != std::string::npos);
}

TEST_CASE("Client::send: cancellation ends a request that hangs") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  site.servers.script({{{"match", "GET /data"}, {"action", {{"delay", 5}}}}});
  const Cancel cancel;
  Client client(test::fast_options(), cancel);
  std::jthread stopper([&] { cancel.request(); });
  CHECK(failure(client, get(site.url())).kind() == Kind::interrupted);
}

TEST_CASE("Client::send: cancellation doesn't wait for a name server") {
  const auto directory = test::scratch();
  const auto file = directory.path() / "resolv.conf";
  replace_file(file, "nameserver 127.0.0.1\noptions timeout:1 attempts:5\n");
  const auto outcome = in_own_process([&] {
    if (!enter_namespaces(CLONE_NEWNET) || !raise_loopback() ||
        !lay_over(file.string(), "/etc/resolv.conf"))
      return kNotAllowed;
    const Fd server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(53);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(server.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0)
      return 2;
    std::array<char, 512> query{};
    const Cancel cancel;
    std::jthread stopper([&] {
      static_cast<void>(::recv(server.get(), query.data(), query.size(), 0));
      cancel.request();
    });
    Client client(test::fast_options(), cancel);
    if (failure(client, get("http://cullet.test/")).kind() != Kind::interrupted)
      return 3;
    // One question for each family; each further attempt of the resolver would ask twice more.
    int more = 0;
    while (::recv(server.get(), query.data(), query.size(), MSG_DONTWAIT) > 0)
      ++more;
    return more <= 1 ? 0 : 4;
  });
  if (outcome == kNotAllowed) {
    WARN("skipped: no user namespaces here");
    return;
  }
  CHECK(outcome == 0);
}

TEST_CASE("Client::open: the body is read as it comes, and a break is told") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(3'000'000);
  const Site site(content);
  Client client(test::fast_options(), Cancel());
  {
    auto stream = client.open(get(site.url()));
    CHECK(stream.response.status == 200);
    CHECK(read_all(*stream.body, content.size(), "body") == content);
    std::byte byte{};
    CHECK(stream.body->read({&byte, 1}) == 0);
  }
  client.open(get(site.url()));  // dropped unread
  site.servers.script({{{"match", "GET"}, {"action", {{"reset", 1'000'000}}}}});
  auto stream = client.open(get(site.url()));
  StringSink sink;
  try {
    copy(*stream.body, sink);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::machine);
    CHECK(error.message().find("broke off") != std::string::npos);
  }
  CHECK(content.starts_with(sink.text()));
}

TEST_CASE("Client: many threads share it") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(300'000);
  const Site site(content);
  Client client(test::fast_options(), Cancel());
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 5; ++j)
          if (client.send(get(site.url())).body == content)
            ++right;
      });
  }
  CHECK(right == 40);
}

TEST_CASE("Client: proxies come from the options and not from the environment") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Site site;
  auto options = test::fast_options();
  options.attempts = 1;
  options.proxies["http"] = site.servers["FAULTY_URL"];
  site.servers.script({{{"match", "nowhere"}, {"action", {{"status", 200}, {"body", "proxied"}}}}});
  {
    Client client(options, Cancel());
    CHECK(client.send(get("http://nowhere.invalid/x")).body == "proxied");
  }
  options.proxies["no"] = "127.0.0.1";
  Client client(options, Cancel());
  CHECK(client.send(get(site.url())).body == "hello");
  // The log's order is that in which the server's threads ended.
  const auto requests = site.servers.requests();
  CHECK(std::any_of(requests.begin(), requests.end(), [](const Json& request) {
    return request["path"] == "/data";
  }));
}
