// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/url.hpp"

#include <catch2/catch.hpp>

using namespace cullet::http;

TEST_CASE("Url::parse: parts of an http URL") {
  const auto url = Url::parse("https://User:p%40ss@Example.COM:8443/a/../b?x=1&y=%2F#part");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "example.com");
  CHECK(url->port == "8443");
  CHECK(url->target == "/a/../b?x=1&y=%2F");
  CHECK(url->user == "User");
  CHECK(url->password == "p@ss");
  CHECK(url->str() == "https://example.com:8443/a/../b?x=1&y=%2F");
  CHECK(url->shown() == "https://example.com:8443/a/../b");
}

TEST_CASE("Url::parse: default ports are known and not written") {
  CHECK(Url::parse("http://h")->str() == "http://h/");
  CHECK(Url::parse("http://h:80/x")->str() == "http://h/x");
  CHECK(Url::parse("https://h:443/x")->str() == "https://h/x");
  CHECK(Url::parse("https://[::1]:5000/x")->authority() == "[::1]:5000");
}

TEST_CASE("Url::parse: only absolute http and https URLs") {
  for (const auto* text : {"",
                           "/path",
                           "host/path",
                           "ftp://h/x",
                           "file:///etc/passwd",
                           "http://",
                           "http:///x",
                           "http://h:99999/",
                           "http://h/a b",
                           "http://h/\n",
                           "gopher://h",
                           "javascript:x",
                           "http://h\t/"})
    CHECK(Url::parse(text).value_or(Url{}).host + text == text);
  CHECK_FALSE(Url::parse(std::string_view("http://h/\0x", 11)));
}

TEST_CASE("Url::resolve: Location values") {
  const auto base = *Url::parse("https://user:pw@h:5000/v2/a/blobs/uploads/?from=b");
  CHECK(base.resolve("https://other/x?sig=a%2Fb%3D")->str() == "https://other/x?sig=a%2Fb%3D");
  CHECK(base.resolve("/v2/a/blobs/uploads/1?_state=x%3D%3D")->str() ==
        "https://h:5000/v2/a/blobs/uploads/1?_state=x%3D%3D");
  CHECK(base.resolve("//cdn.example/x")->str() == "https://cdn.example/x");
  CHECK(base.resolve("uuid?s=1")->str() == "https://h:5000/v2/a/blobs/uploads/uuid?s=1");
  CHECK_FALSE(base.resolve("ftp://h/x"));
  CHECK_FALSE(base.resolve(""));
  CHECK_FALSE(base.resolve("/a\r\nX: y"));
}

TEST_CASE("Url::with_query: appends without touching what is there") {
  CHECK(Url::parse("http://h/u")->with_query("digest=d").str() == "http://h/u?digest=d");
  CHECK(Url::parse("http://h/u?_state=a%3D")->with_query("digest=d").str() ==
        "http://h/u?_state=a%3D&digest=d");
}

TEST_CASE("Url: same origin is scheme, host and port") {
  const auto url = *Url::parse("https://h/x");
  CHECK(same_origin(url, *Url::parse("https://H:443/y")));
  CHECK_FALSE(same_origin(url, *Url::parse("http://h/x")));
  CHECK_FALSE(same_origin(url, *Url::parse("https://h:444/x")));
  CHECK_FALSE(same_origin(url, *Url::parse("https://h.evil/x")));
}

TEST_CASE("Url: loopback is a matter of the name alone") {
  for (const auto* text : {"http://localhost/",
                           "http://LOCALHOST:5000",
                           "http://127.0.0.1:1/",
                           "http://127.9.8.7/",
                           "http://[::1]:5000/"})
    CHECK(is_loopback(*Url::parse(text)));
  for (const auto* text : {"http://localhost.example/",
                           "http://127.0.0.1.example.com/",
                           "http://10.0.0.1/",
                           "http://registry/",
                           "http://128.0.0.1/"})
    CHECK_FALSE(is_loopback(*Url::parse(text)));
}
