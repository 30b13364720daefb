// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/text.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "base/failure.hpp"

using namespace cullet;

TEST_CASE("join and split are inverses") {
  CHECK(join({}, ", ").empty());
  CHECK(join({"a", "", "b"}, ", ") == "a, , b");
  CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string>{""});
  CHECK(split(",", ',') == std::vector<std::string>{"", ""});
  for (const auto* text : {"", "a", ",", "a,b,", ",,a"})
    CHECK(join(split(text, ','), ",") == text);
}

TEST_CASE("trim: ASCII white space on both ends only") {
  CHECK(trim(" \t\r\n\v\fa b\n") == "a b");
  CHECK(trim("").empty());
  CHECK(trim(" \n").empty());
  CHECK(trim("\xc2\xa0x") == "\xc2\xa0x");
}

TEST_CASE("octal: the permission bits in four digits") {
  CHECK(octal(0755) == "0755");
  CHECK(octal(04711) == "4711");
  CHECK(octal(0) == "0000");
  CHECK(octal(0100644) == "0644");
}

TEST_CASE("nearest: what the user meant, or nothing") {
  const std::vector<std::string> known = {"commit", "version", "patches", "upstream", "pin"};
  CHECK(nearest("comit", known) == "commit");
  CHECK(nearest(std::string(256, 'a'), {std::string(255, 'a')}));
  CHECK_FALSE(nearest(std::string(257, 'a'), {std::string(256, 'a')}));
  CHECK(nearest("ocmmit", known) == "commit");
  CHECK(nearest("verzion", known) == "version");
  CHECK(nearest("upsteram", known) == "upstream");
  CHECK(nearest("pun", known) == "pin");
  CHECK_FALSE(nearest("registry", known));
  CHECK_FALSE(nearest("x", known));
  CHECK_FALSE(nearest("", known));
  CHECK_FALSE(nearest("pin", {}));
  CHECK_FALSE(nearest(std::string(1'000'000, 'x'), known));
}

TEST_CASE("nearest: the smallest distance wins, then the first") {
  CHECK(nearest("abcdef", {"abcdxx", "abcdex"}) == "abcdex");
  CHECK(nearest("abcdef", {"abcdey", "abcdex"}) == "abcdey");
  CHECK(nearest("abcdef", {"abcdef"}) == "abcdef");
}

TEST_CASE("printable: escapes controls and what is not UTF-8, keeps the rest") {
  CHECK(printable("plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb7") ==
        "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb7");
  CHECK(printable(std::string_view("a\0\n\x1b\x7f", 5)) == "a\\x00\\x0a\\x1b\\x7f");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");           // C1: CSI in eight bits
  CHECK(printable("\xe2\x80\xae") == "\\xe2\\x80\\xae");  // right-to-left override
  CHECK(printable("\xe2\x81\xa6") == "\\xe2\\x81\\xa6");  // left-to-right isolate
  CHECK(printable("\xff"
                  "a") == "\\xffa");                               // never a lead byte
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(printable("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");                    // cut short
  CHECK(printable("\xe2"
                  "a") ==
        "\\xe2"
        "a");
}

TEST_CASE("human_size: binary units, one decimal, rounded") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(1023) == "1023 B");
  CHECK(human_size(1024) == "1.0 KiB");
  CHECK(human_size(3355443) == "3.2 MiB");
  CHECK(human_size(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(human_size(1024 * 1023 + 960) == "1023.9 KiB");
  CHECK(human_size(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("human_seconds: short, and never 60 seconds in a minute") {
  CHECK(human_seconds(0) == "0.0 s");
  CHECK(human_seconds(0.44) == "0.4 s");
  CHECK(human_seconds(9.94) == "9.9 s");
  CHECK(human_seconds(9.96) == "10 s");
  CHECK(human_seconds(12.4) == "12 s");
  CHECK(human_seconds(59.4) == "59 s");
  CHECK(human_seconds(59.6) == "1 min 00 s");
  CHECK(human_seconds(125) == "2 min 05 s");
  CHECK(human_seconds(3599.9) == "1 h 00 min");
  CHECK(human_seconds(3600 * 26 + 125) == "26 h 02 min");
  CHECK(human_seconds(-1) == "0.0 s");
  CHECK(human_seconds(std::nan("")) == "0.0 s");
  CHECK_NOTHROW(human_seconds(std::numeric_limits<double>::infinity()));
}

TEST_CASE("rfc3339: known instants") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(315532800) == "1980-01-01T00:00:00Z");
  CHECK(rfc3339(951782399) == "2000-02-28T23:59:59Z");
  CHECK(rfc3339(951782400) == "2000-02-29T00:00:00Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59Z");
  CHECK(rfc3339(253402300799) == "9999-12-31T23:59:59Z");
  CHECK(rfc3339(-62167219200) == "0000-01-01T00:00:00Z");
}

TEST_CASE("rfc3339: refuses what it can't write") {
  for (const std::int64_t seconds : {std::int64_t{253402300800},
                                     std::int64_t{-62167219201},
                                     std::numeric_limits<std::int64_t>::max(),
                                     std::numeric_limits<std::int64_t>::min()})
    CHECK(failure([&] { rfc3339(seconds); }).kind() == Kind::input);
}

TEST_CASE("parse_time: inverse of rfc3339") {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> any(-62167219200, 253402300799);
  for (int i = 0; i < 5000; ++i) {
    const auto seconds = any(random);
    CAPTURE(seconds);
    REQUIRE(parse_time(rfc3339(seconds)) == seconds);
  }
  CHECK(parse_time("2026-12-20") == 1797724800);
  CHECK(parse_time("2026-12-20T00:00:01Z") == 1797724801);
}

TEST_CASE("parse_time: strict") {
  for (const auto* text : {"",
                           "2026",
                           "2026-12",
                           "2026-1-2",
                           "2026-02-29",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-12-32",
                           "2026-12-20 ",
                           "2026-12-20T",
                           "2026-12-20T00:00:00",
                           "2026-12-20T24:00:00Z",
                           "2026-12-20T00:60:00Z",
                           "2026-12-20T00:00:60Z",
                           "2026-12-20t00:00:00z",
                           "2026-12-20T00:00:00+00:00",
                           "2026-12-20T00:00:00.0Z",
                           "2026/12/20",
                           "+026-12-20",
                           "2026-+1-20",
                           "2026-12-20T 0:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("parse_number: digits within 64 bits") {
  CHECK(parse_number("0") == 0);
  CHECK(parse_number("007") == 7);
  CHECK(parse_number("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const auto* text :
       {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "18446744073709551616", "1.0"})
    CHECK_FALSE(parse_number(text));
}

TEST_CASE("base64: RFC 4648 section 10") {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64(bytes) == text);
    CHECK(base64_decode(text) == bytes);
  }
}

TEST_CASE("base64: decodes what it encoded, whatever the bytes") {
  std::mt19937_64 random(11);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    CAPTURE(size);
    REQUIRE(base64_decode(base64(bytes)) == bytes);
  }
}

TEST_CASE("base64_decode: one text per value") {
  for (const auto* text : {"Z",
                           "Zg",
                           "Zg=",
                           "Zg===",
                           "Zh==",
                           "Zm9=",
                           "Zg==Zg==",
                           "Zm 9",
                           "Zm9v\n",
                           "Zm9-",
                           "====",
                           "=g==",
                           "Z===",
                           "Zg=a"}) {
    CAPTURE(text);
    CHECK_FALSE(base64_decode(text));
  }
}
