// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/backoff.hpp"

#include <chrono>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

#include "support/servers.hpp"

using namespace cullet;
using namespace cullet::http;

TEST_CASE("parse_retry_after: seconds") {
  CHECK(parse_retry_after("0", nullptr) == 0);
  CHECK(parse_retry_after(" 120 ", nullptr) == 120);
  CHECK(parse_retry_after("99999999999999", nullptr) == (1 << 30));
  for (const auto* bad : {"", "-1", "1.5", "soon", "20300101"})
    CHECK_FALSE(parse_retry_after(bad, nullptr).value_or(-1) == 0);
}

TEST_CASE("parse_retry_after: the three forms of HTTP-dates") {
  const auto now = [] { return std::int64_t{784111777 - 60}; };  // a minute before
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 60);
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now) == 60);
  CHECK(parse_retry_after("Sun Nov  6 08:49:37 1994", now) == 60);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now) == 0);
  CHECK_FALSE(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", nullptr));
  CHECK_FALSE(parse_retry_after("Someday", now));
}

TEST_CASE("is_transient: what may pass") {
  for (const int status : {408, 429, 500, 502, 503, 504})
    CHECK(is_transient(status));
  for (const int status : {200, 301, 400, 401, 403, 404, 416, 501})
    CHECK_FALSE(is_transient(status));
}

TEST_CASE("Backoff: as many attempts as the options say, and anew after progress") {
  auto options = test::fast_options();
  options.attempts = 3;
  const Cancel cancel;
  Backoff backoff(options, cancel);
  CHECK(backoff.wait());
  CHECK(backoff.wait());
  CHECK_FALSE(backoff.wait());
  backoff.progressed();
  CHECK(backoff.wait(0));
}

TEST_CASE("Backoff: waits longer each time, and never less than the server asks for") {
  using Clock = std::chrono::steady_clock;
  auto options = test::fast_options();
  options.first_delay = std::chrono::milliseconds(40);
  const Cancel cancel;
  Backoff backoff(options, cancel);
  for (const int least : {20, 40, 80}) {
    const auto before = Clock::now();
    REQUIRE(backoff.wait());
    CHECK(Clock::now() - before >= std::chrono::milliseconds(least));
  }
  const auto before = Clock::now();
  REQUIRE(backoff.wait(1));
  CHECK(Clock::now() - before >= std::chrono::seconds(1));
}

TEST_CASE("Backoff: a server that asks for more than its patience ends it") {
  const auto options = test::fast_options();
  const Cancel cancel;
  Backoff backoff(options, cancel);
  CHECK_FALSE(backoff.wait(Backoff::kPatience + 1));
}

TEST_CASE("Backoff: cancellation ends the waiting") {
  auto options = test::fast_options();
  options.first_delay = std::chrono::hours(1);
  const Cancel cancel;
  cancel.request();
  Backoff backoff(options, cancel);
  CHECK_THROWS_AS(backoff.wait(), Error);
}
