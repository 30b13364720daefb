// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/fetch.hpp"

#include <chrono>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/http/client.hpp"

#include "support/no_threads.hpp"
#include "support/servers.hpp"

using namespace cullet;
using namespace cullet::http;
using test::pattern;
using test::Servers;

namespace {

/// A mirror with one file, "data", that holds `content`.
struct Mirror {
  explicit Mirror(const std::string& content) : servers(test::kScripted) {
    replace_file(servers["FIXTURE_DIR"] + "/site/data", content);
  }
  [[nodiscard]] std::string url() const { return servers["FAULTY_URL"] + "/data"; }
  [[nodiscard]] std::string ranges() const {
    std::string text;
    for (const auto& request : servers.requests())
      text += request["headers"].value("Range", "-") + " ";
    return text;
  }
  Servers servers;
};

struct Fixture {
  Fixture() : directory(test::scratch()), store(directory.path() / "store", {}) {}

  void run(const std::vector<Download>& downloads, unsigned parallel = 2) {
    Client client(options, cancel);
    fetch(client, store, downloads, parallel, cancel, progress);
  }
  Error failure(const std::vector<Download>& downloads) {
    try {
      run(downloads);
    } catch (const Error& error) {
      return error;
    }
    FAIL("no error");
    return {Kind::internal, ""};
  }

  TemporaryDirectory directory;
  store::Store store;
  Options options = test::fast_options();
  Cancel cancel;
  std::function<void(std::uint64_t, std::uint64_t)> progress;
};

Download download(const std::string& content,
                  std::vector<std::string> urls,
                  bool with_size = true) {
  Download result;
  result.urls = std::move(urls);
  result.digest = BlobDigest(sha256(content));
  if (with_size)
    result.size = content.size();
  result.name = "thing";
  return result;
}

}  // namespace

TEST_CASE("fetch: into the store, and never again") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(1'000'000);
  const Mirror mirror(content);
  Fixture fixture;
  std::uint64_t done = 0, total = 0;
  fixture.progress = [&](std::uint64_t d, std::uint64_t t) {
    done = d;
    total = t;
  };
  const bool with_size = GENERATE(true, false);
  const auto wanted = download(content, {mirror.url()}, with_size);
  fixture.run({wanted, wanted});
  CHECK(fixture.store.blob_size(wanted.digest) == content.size());
  CHECK(done == content.size());
  CHECK(total == content.size());
  fixture.run({wanted});
  CHECK(mirror.servers.count("GET") == 1);
}

TEST_CASE("fetch: without another thread, one after the other") {
  Fixture fixture;
  std::vector<Download> wanted;
  for (const std::string name : {"one", "two", "three"}) {
    replace_file(fixture.directory.path() / name, name);
    wanted.push_back(download(name, {"file://" + (fixture.directory.path() / name).string()}));
  }
  const NoThreads none;
  fixture.run(wanted);
  CHECK(fixture.store.usage({}).blobs == 3);
}

TEST_CASE("fetch: a broken transfer goes on where it stopped") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(2'000'000);
  const Mirror mirror(content);
  const auto* fault = GENERATE("reset", "truncate");
  mirror.servers.script({{{"match", "GET"}, {"times", 1}, {"action", {{fault, 1'200'000}}}}});
  Fixture fixture;
  const auto wanted = download(content, {mirror.url()});
  fixture.run({wanted});
  CHECK(fixture.store.has_blob(wanted.digest));
  const auto requests = mirror.servers.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[1]["status"] == 206);
  CHECK(requests[1]["headers"].contains("If-Range"));
  CHECK(requests[1]["sent"].get<std::uint64_t>() < content.size());
}

TEST_CASE("fetch: many breaks, as long as each attempt gets on") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(9'000'000);
  const Mirror mirror(content);
  // Not by resets: they take with them what a slow reader has not read yet.
  mirror.servers.script({{{"match", "GET"}, {"times", 7}, {"action", {{"truncate", 1'200'000}}}}});
  Fixture fixture;
  fixture.options.attempts = 2;
  const auto wanted = download(content, {mirror.url()});
  fixture.run({wanted});
  CHECK(fixture.store.has_blob(wanted.digest));
}

TEST_CASE("fetch: goes on at the next mirror with what the first one sent") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(2'000'000);
  const Mirror first(content);
  const Mirror second(content);
  first.servers.script({{{"match", "GET"}, {"action", {{"reset", 1'200'000}}}}});
  Fixture fixture;
  fixture.run({download(content, {first.url(), second.url()})});
  CHECK(first.servers.count("GET") == 1);
  CHECK(second.ranges().starts_with("bytes="));
}

TEST_CASE("fetch: one mirror that asks for an hour doesn't stop the others") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(1000);
  const Mirror patient(content), busy(content);
  patient.servers.script(
      {{{"match", "GET"}, {"action", {{"status", 429}, {"retry_after", 3600}}}}});
  busy.servers.script(
      {{{"match", "GET"}, {"times", 2}, {"action", {{"status", 503}, {"retry_after", 0}}}}});
  Fixture fixture;
  SECTION("before them or after") {
    auto urls = std::vector<std::string>{patient.url(), busy.url()};
    if (GENERATE(false, true))
      std::swap(urls[0], urls[1]);
    const auto wanted = download(content, urls);
    fixture.run({wanted});
    CHECK(fixture.store.has_blob(wanted.digest));
    CHECK(patient.servers.count("GET") == 1);
    CHECK(busy.servers.count("GET") == 3);
  }
  SECTION("and alone is not waited for") {
    CHECK_THAT(fixture.failure({download(content, {patient.url()})}).render(),
               Catch::Contains("status 429, and to come again in 3600 s"));
    CHECK(patient.servers.count("GET") == 1);
  }
}

TEST_CASE("fetch: a mirror is not asked again before it says") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(1000);
  const Mirror busy(content);
  busy.servers.script(
      {{{"match", "GET"}, {"times", 1}, {"action", {{"status", 503}, {"retry_after", 1}}}}});
  Fixture fixture;
  const auto before = std::chrono::steady_clock::now();
  fixture.run({download(content, {busy.url()})});
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::seconds(1));
}

TEST_CASE("fetch: a server that ignores Range starts over") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(2'000'000);
  const Mirror mirror(content);
  mirror.servers.script({{{"match", "GET"}, {"times", 1}, {"action", {{"reset", 900'000}}}},
                         {{"match", "GET"}, {"action", {{"ignore_range", true}}}}});
  Fixture fixture;
  std::uint64_t done = 0;
  fixture.progress = [&](std::uint64_t d, std::uint64_t) { done = d; };
  const auto wanted = download(content, {mirror.url()});
  fixture.run({wanted});
  CHECK(fixture.store.has_blob(wanted.digest));
  CHECK(done == content.size());
}

TEST_CASE("fetch: a wrong beginning from one mirror does not spoil the other") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(2'000'000);
  const Mirror bad(content);
  const Mirror good(content);
  bad.servers.script({{{"match", "GET"}, {"action", {{"corrupt", 5}, {"reset", 900'000}}}}});
  Fixture fixture;
  const auto wanted = download(content, {bad.url(), good.url()});
  fixture.run({wanted});
  CHECK(fixture.store.has_blob(wanted.digest));
  CHECK(good.servers.count("GET") == 2);
}

TEST_CASE("fetch: other bytes are dropped and the next mirror is asked") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(500'000);
  const Mirror bad(content);
  const Mirror good(content);
  bad.servers.script({{{"match", "GET"}, {"action", {{"corrupt", 400'000}}}}});
  Fixture fixture;
  const auto wanted = download(content, {bad.url(), good.url()});
  fixture.run({wanted});
  CHECK(fixture.store.has_blob(wanted.digest));
  CHECK(bad.servers.count("GET") == 1);
}

TEST_CASE("fetch: other bytes everywhere are refused, naming every source") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(1000);
  const Mirror bad(content);
  bad.servers.script({{{"match", "GET"}, {"action", {{"corrupt", 1}}}}});
  Fixture fixture;
  const auto wanted = download(content, {bad.url() + "?secret=1", "http://127.0.0.1:1/gone"});
  fixture.options.attempts = 2;
  const auto error = fixture.failure({wanted});
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() == cat("no source has the bytes of thing (", wanted.digest, ")"));
  REQUIRE(error.details().size() == 2);
  CHECK(error.details()[0].starts_with(bad.url() + ": other bytes: "));
  CHECK(error.details()[1].find("http://127.0.0.1:1/gone") != std::string::npos);
  CHECK(error.render().find("secret") == std::string::npos);
  CHECK_FALSE(fixture.store.has_blob(wanted.digest));
}

TEST_CASE("fetch: a size that differs is other bytes") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(1000);
  const Mirror mirror(content);
  Fixture fixture;
  auto wanted = download(content, {mirror.url()});
  wanted.size = GENERATE(999, 1001);
  const auto error = fixture.failure({wanted});
  CHECK(error.kind() == Kind::refused);
  CHECK(error.details().at(0).find("1000 of them, not ") != std::string::npos);
}

TEST_CASE("fetch: 404 moves on at once, 503 only after all others") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(1000);
  const Mirror gone(content), busy(content), good(content);
  gone.servers.script({{{"match", "GET"}, {"action", {{"status", 404}}}}});
  busy.servers.script({{{"match", "GET"}, {"action", {{"status", 503}}}}});
  Fixture fixture;
  fixture.run({download(content, {gone.url(), busy.url(), good.url()})});
  CHECK(gone.servers.count("GET") == 1);
  CHECK(busy.servers.count("GET") == 1);
}

TEST_CASE("fetch: nothing to reach is the machine's fault") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const Mirror mirror("x");
  mirror.servers.script({{{"match", "GET"}, {"action", {{"status", 404}}}}});
  Fixture fixture;
  const auto error = fixture.failure({download("y", {mirror.url()})});
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == "cannot fetch thing");
  CHECK(error.details() == std::vector<std::string>{mirror.url() + ": status 404"});
}

TEST_CASE("fetch: file URLs need no network") {
  Fixture fixture;
  fixture.options.offline = true;
  const auto content = pattern(300'000);
  replace_file(fixture.directory.path() / "a file", content);
  const auto base = "file://" + fixture.directory.path().string();
  const auto wanted = download(content, {base + "/nothing", base + "/a%20file"});
  fixture.run({wanted});
  CHECK(fixture.store.has_blob(wanted.digest));

  const auto error =
      fixture.failure({download("z", {base + "/nothing", base, base + "/a%20file", "file://h/x"})});
  CHECK(error.kind() == Kind::refused);
  REQUIRE(error.details().size() == 4);
  CHECK(error.details()[0].ends_with(": no such file"));
  CHECK(error.details()[1].ends_with(": not a file"));
}

TEST_CASE("fetch: offline names the option") {
  Fixture fixture;
  fixture.options.offline = true;
  const auto error = fixture.failure({download("x", {"http://127.0.0.1:1/x"})});
  CHECK(error.kind() == Kind::machine);
  CHECK(error.details().at(0) == "--offline: http://127.0.0.1:1/x was not opened");
}

TEST_CASE("fetch: many at once; the first failure stops the rest") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(100'000);
  const Mirror mirror(content);
  std::vector<Download> downloads;
  for (int i = 0; i < 12; ++i) {
    const auto each = content + std::to_string(i);
    replace_file(cat(mirror.servers["FIXTURE_DIR"], "/site/", i), each);
    downloads.push_back(download(each, {cat(mirror.servers["FAULTY_URL"], "/", i)}));
  }
  Fixture fixture;
  std::uint64_t done = 0;
  fixture.progress = [&](std::uint64_t d, std::uint64_t) { done = d; };
  fixture.run(downloads, 4);
  for (const auto& each : downloads)
    CHECK(fixture.store.has_blob(each.digest));
  CHECK(done > 12 * content.size());

  Fixture other;
  downloads[5].urls = {mirror.url()};
  CHECK(other.failure(downloads).message().starts_with("no source has the bytes of thing"));
}

TEST_CASE("fetch: cancellation leaves nothing behind") {
  CULLET_REQUIRE_PROGRAMS("python3", "bash", "setpriv");
  const auto content = pattern(3'000'000);
  const Mirror mirror(content);
  Fixture fixture;
  fixture.progress = [&](std::uint64_t done, std::uint64_t) {
    if (done > 0)
      fixture.cancel.request();
  };
  CHECK(fixture.failure({download(content, {mirror.url()})}).kind() == Kind::interrupted);
  CHECK(fixture.store.usage({}).blobs == 0);
}
