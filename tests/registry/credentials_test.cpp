// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;

namespace {

struct Fixture {
  Fixture() : directory(test::scratch()) {}

  void file(const std::string& name, const Json& json) { text(name, json.dump()); }
  void text(const std::string& name, const std::string& content) {
    replace_file(directory.path() / name, content);
    files.files.push_back(directory.path() / name);
  }
  /// A credential helper that is found through the helper's directory on PATH.
  void helper(const std::string& name, const std::string& script) {
    replace_file(directory.path() / ("docker-credential-" + name), "#!/bin/sh\n" + script, 0755);
  }
  std::string found(const std::string& host, const std::string& repository = "a/b/c") {
    const auto result = find_credentials(files, host, repository, cancel);
    if (!result)
      return "none";
    return result->username + "|" + result->password + "|" + result->identity_token;
  }
  Error failure(const std::string& host) {
    return test::failure([&] { found(host); });
  }

  TemporaryDirectory directory;
  CredentialFiles files;
  Cancel cancel;
};

Json auth(const std::string& pair) {
  return {{"auth", base64(pair)}};
}

/// Puts a directory in front of PATH for one test.
class PathGuard {
 public:
  explicit PathGuard(const std::filesystem::path& directory) : old_(std::getenv("PATH")) {
    setenv("PATH", (directory.string() + ":" + old_).c_str(), 1);
  }
  ~PathGuard() { setenv("PATH", old_.c_str(), 1); }
  PathGuard(const PathGuard&) = delete;
  PathGuard& operator=(const PathGuard&) = delete;
  PathGuard(PathGuard&&) = delete;
  PathGuard& operator=(PathGuard&&) = delete;

 private:
  std::string old_;
};

}  // namespace

TEST_CASE("find_credentials: none where there are no files") {
  Fixture fixture;
  CHECK(fixture.found("h:5000") == "none");
  fixture.files.files.push_back(fixture.directory.path() / "missing.json");
  CHECK(fixture.found("h:5000") == "none");
}

TEST_CASE("find_credentials: docker's forms of a host") {
  Fixture fixture;
  fixture.file("config.json",
               {{"auths",
                 {{"h:5000", auth("me:pass:word")},
                  {"https://old.example/v1/", auth("old:x")},
                  {"https://plain.example", auth("p:y")},
                  {"empty.example", Json::object()},
                  {"token.example", {{"auth", base64("u:")}, {"identitytoken", "t"}}},
                  {"split.example", {{"username", "n"}, {"password", "w"}}}}}});
  CHECK(fixture.found("h:5000") == "me|pass:word|");
  CHECK(fixture.found("h") == "none");
  CHECK(fixture.found("old.example") == "old|x|");
  CHECK(fixture.found("plain.example") == "p|y|");
  CHECK(fixture.found("empty.example") == "none");
  CHECK(fixture.found("token.example") == "u||t");
  CHECK(fixture.found("split.example") == "n|w|");
}

TEST_CASE("find_credentials: podman's keys, the most specific first") {
  Fixture fixture;
  fixture.file("auth.json",
               {{"auths",
                 {{"h.example", auth("host:1")},
                  {"h.example/a", auth("a:2")},
                  {"h.example/a/b/c", auth("abc:3")}}}});
  CHECK(fixture.found("h.example", "a/b/c") == "abc|3|");
  CHECK(fixture.found("h.example", "a/b") == "a|2|");
  CHECK(fixture.found("h.example", "ab") == "host|1|");
}

TEST_CASE("find_credentials: the first file that knows the host counts") {
  Fixture fixture;
  fixture.file("one.json", {{"auths", {{"a.example", auth("first:1")}}}});
  fixture.file("two.json",
               {{"auths", {{"a.example", auth("second:2")}, {"b.example", auth("second:3")}}}});
  CHECK(fixture.found("a.example") == "first|1|");
  CHECK(fixture.found("b.example") == "second|3|");
}

TEST_CASE("find_credentials: helpers of a host before the store before the file") {
  Fixture fixture;
  const PathGuard path(fixture.directory.path());
  fixture.helper(
      "one",
      R"(read host; echo "{\"ServerURL\":\"$host\",\"Username\":\"one\",\"Secret\":\"$host\"}")");
  fixture.helper("two", R"(echo '{"ServerURL":"","Username":"<token>","Secret":"identity"}')");
  fixture.helper("lost", "echo 'credentials not found in native keychain'; exit 1");
  fixture.file("config.json",
               {{"credHelpers", {{"a.example", "one"}}},
                {"credsStore", "two"},
                {"auths", {{"a.example", auth("file:1")}, {"b.example", auth("file:2")}}}});
  CHECK(fixture.found("a.example") == "one|a.example|");
  CHECK(fixture.found("b.example") == "||identity");
  fixture.files.files.clear();
  fixture.file("config.json", {{"credsStore", "lost"}, {"auths", {{"b.example", auth("file:2")}}}});
  CHECK(fixture.found("b.example") == "file|2|");
}

TEST_CASE("find_credentials: a helper that fails is named, with its words") {
  Fixture fixture;
  const PathGuard path(fixture.directory.path());
  fixture.helper("bad", "echo 'keyring is locked' >&2; exit 3");
  fixture.file(
      "config.json",
      {{"credHelpers", {{"a.example", "bad"}, {"b.example", "absent"}, {"c.example", "../evil"}}}});
  const auto error = fixture.failure("a.example");
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() ==
        "credential helper docker-credential-bad failed for a.example: exit status 3");
  CHECK(error.details() == std::vector<std::string>{"keyring is locked"});
  CHECK(error.contexts() == std::vector<std::string>{"looking for credentials for a.example"});
  CHECK(fixture.failure("b.example").kind() == Kind::machine);
  CHECK(fixture.failure("c.example").kind() == Kind::input);
}

TEST_CASE("find_credentials: malformed files name themselves") {
  for (const auto* text : {"{",
                           "[]",
                           R"({"auths": 3})",
                           R"({"auths": {"h": 3}})",
                           R"({"auths": {"h": {"auth": "???"}}})",
                           R"({"auths": {"h": {"auth": "bm9jb2xvbg=="}}})",
                           R"({"credHelpers": {"h": 1}})",
                           R"({"credsStore": []})"}) {
    INFO(text);
    Fixture fixture;
    fixture.text("config.json", text);
    const auto error = fixture.failure("h");
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::Contains("config.json"));
  }
}
