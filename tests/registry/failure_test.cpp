// SPDX-License-Identifier: Apache-2.0
#include "failure.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/json.hpp"

using namespace cullet;
using namespace cullet::registry;

namespace {
http::Response response(int status, const std::string& body) {
  return {.status = status, .headers = {}, .body = body, .url = "https://h/v2/"};
}
}  // namespace

TEST_CASE("unexpected: what was done, the registry's words and what to do") {
  const auto error = unexpected(
      "push to a/b",
      "h:5000",
      response(403, R"({"errors":[{"code":"DENIED","message":"not \u001b[31mallowed"}]})"));
  CHECK(error.kind() == Kind::machine);
  CHECK(error.render() ==
        "error: cannot push to a/b: h:5000 answers with status 403\n"
        "  DENIED: not \\x1b[31mallowed\n"
        "hint: may this account do so? Another logs in with `docker login h:5000` or `podman login "
        "h:5000`\n");
}

TEST_CASE("error_lines: other forms") {
  CHECK(error_lines(response(401, R"({"errors":[{"code":"UNAUTHORIZED"}]})")) ==
        std::vector<std::string>{"UNAUTHORIZED"});
  CHECK(error_lines(response(401, R"({"details":"incorrect username or password"})")) ==
        std::vector<std::string>{"incorrect username or password"});
  CHECK(error_lines(response(400, R"({"error":"invalid_grant","error_description":"expired"})")) ==
        std::vector<std::string>{"invalid_grant: expired"});
}

TEST_CASE("error_lines: hostile bodies") {
  for (const auto* body : {"",
                           "<html>",
                           "[]",
                           "null",
                           "{\"errors\":3}",
                           "{\"errors\":[1,null,[]]}",
                           "{\"errors\":[{\"code\":1,\"message\":{}}]}",
                           "{\"errors\":[{}]}"})
    CHECK(error_lines(response(500, body)).empty());
  CHECK(error_lines(response(500, std::string(60'000, '['))).empty());
  Json many = Json::array();
  for (int i = 0; i < 100; ++i)
    many.push_back({{"code", "X"}, {"message", std::string(10'000, 'y')}});
  const auto lines = error_lines(response(500, Json{{"errors", many}}.dump()));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].size() < 400);
}

TEST_CASE("says: finds an error code") {
  const auto answer = response(404, R"({"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]})");
  CHECK(says(answer, "BLOB_UPLOAD_UNKNOWN"));
  CHECK_FALSE(says(answer, "UNKNOWN"));
}
