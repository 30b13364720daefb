// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/json.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "base/failure.hpp"

using namespace cullet;

TEST_CASE("canonical: sorted bytewise, no white space, UTF-8 as itself") {
  const auto value = Json::parse(R"({"b": [1, -2, true, null, {}], "\u00e4": "/é\n\u0001", "B": "",
                                     "a b": 18446744073709551615, "\uffff": 0, "\ud83d\ude00": 0})");
  CHECK(canonical(value) ==
        "{\"B\":\"\",\"a b\":18446744073709551615,\"b\":[1,-2,true,null,{}],"
        "\"\xc3\xa4\":\"/\xc3\xa9\\n\\u0001\",\"\xef\xbf\xbf\":0,\"\xf0\x9f\x98\x80\":0}");
  CHECK(canonical(Json("\x7f\"\\\b\f\r\t\x1f")) == "\"\x7f\\\"\\\\\\b\\f\\r\\t\\u001f\"");
  CHECK(canonical(Json::object()) == "{}");
  CHECK(canonical(Json(std::numeric_limits<std::int64_t>::min())) == "-9223372036854775808");
}

TEST_CASE("canonical: refuses what has no single form") {
  CHECK(failure([] { canonical(Json(1.0)); }).kind() == Kind::internal);
  CHECK(failure([] { canonical(Json{{"a", {1, {{"b", 0.5}}}}}); }).kind() == Kind::internal);
  CHECK(failure([] { canonical(Json("\xff")); }).kind() == Kind::internal);
  CHECK(failure([] { canonical(Json("\xed\xa0\x80")); }).kind() == Kind::internal);
  CHECK(failure([] { canonical(Json{{"\xc3", 1}}); }).kind() == Kind::internal);
  CHECK(failure([] { canonical(Json::binary({1, 2})); }).kind() == Kind::internal);
}

TEST_CASE("canonical: the order of insertion does not show, and parsing gives it back") {
  std::mt19937 random(3);
  std::vector<int> numbers(40);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::string first;
  for (int round = 0; round < 20; ++round) {
    std::shuffle(numbers.begin(), numbers.end(), random);
    Json value;
    for (const int number : numbers)
      value[std::to_string(number)]["x"] = number;
    const auto text = canonical(value);
    if (first.empty())
      first = text;
    REQUIRE(text == first);
    REQUIRE(canonical(parse_json(text, "it")) == text);
  }
}

TEST_CASE("canonical_digest: golden, since keys and digests of every build hang on it") {
  CHECK(canonical_digest(Json{{"b", 1}, {"a", "x"}}).hex() == sha256(R"({"a":"x","b":1})").hex());
  CHECK(canonical_digest(Json::object()).hex() ==
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

TEST_CASE("parse_json: values of every type") {
  const auto value =
      parse_json(R"( {"a":[1,-1,2.5,true,false,null,"s"],"b":{},"c":[],"":{"x":[[{}]]}} )", "it");
  CHECK(value ==
        Json::parse(R"({"a":[1,-1,2.5,true,false,null,"s"],"b":{},"c":[],"":{"x":[[{}]]}})"));
  CHECK(parse_json("3", "it") == 3);
  CHECK(parse_json("null", "it").is_null());
}

TEST_CASE("parse_json: malformed input is an error with its place") {
  const auto message = [](std::string_view text) {
    const auto error = failure([&] { parse_json(text, "index.json"); });
    CHECK(error.kind() == Kind::input);
    return error.message();
  };
  CHECK(message("{\n  \"a\": 1,\n  \"a\": 2}") ==
        "index.json: line 3, column 5: key 'a' appears twice");
  CHECK(message("{\"a\":1,\"b\":{\"x\":1,\"x\":2}}").find("line 1, column 21: key 'x'") !=
        std::string::npos);
  CHECK(message("{\"a\":1,\"\\u0061\":2}").find("key 'a' appears twice") != std::string::npos);
  CHECK(message("[1,\n ]").find("index.json: line 2, column 2: syntax error") == 0);
  CHECK(message("[1,\n").find("index.json: line 1, column 4: ") == 0);
  CHECK(message("").find("index.json: line 1, column 1: ") == 0);
  for (const auto* text : {"{",
                           "[1]]",
                           "{\"a\"}",
                           "[01]",
                           "nul",
                           "'a'",
                           "[1,]",
                           "// x\n1",
                           "\"\x01\"",
                           "\"\xff\"",
                           "\"\\ud800\"",
                           "NaN",
                           "[1e999]",
                           "{\"a\":1} x",
                           "\"a"})
    CHECK(message(text).find("index.json: line 1, column ") == 0);
}

TEST_CASE("parse_json: messages don't leak the library's name") {
  CHECK(failure([] { parse_json("[1e999]", "x"); }).message().find("exception") ==
        std::string::npos);
  CHECK(failure([] { parse_json("[", "x"); }).message().find("exception") == std::string::npos);
}

TEST_CASE("parse_json: nesting of 64 is fine, 65 is not, and a million does not overflow") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK_NOTHROW(parse_json(nested(64), "it"));
  CHECK(failure([&] { parse_json(nested(65), "it"); }).message() ==
        "it: line 1, column 65: nested deeper than 64 levels");
  CHECK(failure([&] { parse_json(nested(1'000'000), "it"); }).kind() == Kind::input);
}

TEST_CASE("parse_json: the limit counts bytes") {
  CHECK_NOTHROW(parse_json("[1]", "it", 3));
  CHECK(failure([] { parse_json("[1] ", "it", 3); }).message() == "it is larger than 3 bytes");
}

TEST_CASE("parse_json: survives any cut and any changed byte") {
  const std::string good = R"({"a":[1,-2.5e3,"\u00e4\ud83d\ude00",{"b":null}],"c":true})";
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    auto text = good.substr(0, random() % (good.size() + 1));
    if (!text.empty())
      text[random() % text.size()] = static_cast<char>(random());
    try {
      parse_json(text, "it");
    } catch (const Error& error) {
      REQUIRE(error.kind() == Kind::input);
    }
  }
}

TEST_CASE("typed access: names the key and what it should be") {
  const auto value = parse_json(R"({"s":"x","n":7,"m":-7,"o":{},"a":[],"f":1.5})", "it");
  CHECK(string_at(value, "s", "m") == "x");
  CHECK(number_at(value, "n", "m") == 7);
  CHECK(number_at(Json{{"n", 7}}, "n", "m") == 7);
  CHECK(object_at(value, "o", "m").is_object());
  CHECK(array_at(value, "a", "m").is_array());
  CHECK(optional_string(value, "s", "m") == "x");
  CHECK(optional_string(value, "absent", "m").empty());

  const auto message = [](auto work) {
    const auto error = failure(work);
    CHECK(error.kind() == Kind::input);
    return error.message();
  };
  CHECK(message([&] { string_at(value, "x", "config"); }) == "config: 'x' is missing");
  CHECK(message([&] { string_at(value, "n", "config"); }) == "config: 'n' must be a string");
  CHECK(message([&] { number_at(value, "m", "c"); }) == "c: 'm' must be a whole number, 0 or more");
  CHECK(message([&] { number_at(value, "f", "c"); }) == "c: 'f' must be a whole number, 0 or more");
  CHECK(message([&] { object_at(value, "a", "c"); }) == "c: 'a' must be an object");
  CHECK(message([&] { array_at(value, "o", "c"); }) == "c: 'o' must be an array");
  CHECK(message([&] { optional_string(value, "n", "c"); }) == "c: 'n' must be a string");
  CHECK(message([&] { string_at(Json::array(), "s", "c"); }) == "c must be an object");
  CHECK(message([&] { optional_string(Json(1), "s", "c"); }) == "c must be an object");
}
