// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/reference.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

using namespace cullet;
using cullet::registry::Reference;

namespace {
const std::string kDigest = "sha256:" + std::string(64, 'a');
}

TEST_CASE("Reference::parse: a registry's image") {
  const auto reference = Reference::parse("registry.example.com:5000/prod/nginx:1.2_x@" + kDigest);
  CHECK_FALSE(reference.layout);
  CHECK(reference.host == "registry.example.com:5000");
  CHECK(reference.repository == "prod/nginx");
  CHECK(reference.tag == "1.2_x");
  REQUIRE(reference.digest);
  CHECK(reference.digest->str() == kDigest);
  CHECK(reference.name() == "registry.example.com:5000/prod/nginx");
}

TEST_CASE("Reference::parse: a layout") {
  const auto reference = Reference::parse("oci:.cullet/registry/nginx:latest");
  CHECK(reference.layout);
  CHECK(reference.repository == ".cullet/registry/nginx");
  CHECK(reference.tag == "latest");
  CHECK(reference.name() == "oci:.cullet/registry/nginx");
  CHECK(Reference::parse("oci:/a b/c@d/e").repository == "/a b/c@d/e");
  CHECK(Reference::parse("oci:C:/x").repository == "C:/x");
}

TEST_CASE("Reference: parse and str are inverse") {
  for (const auto& text : std::vector<std::string>{"localhost/a",
                                                   "localhost:5000/a/b-c/d__e.f:T",
                                                   "h.example/a@" + kDigest,
                                                   "[::1]:5000/a:x",
                                                   "127.0.0.1:1/x--y",
                                                   "oci:p",
                                                   "oci:/p/q:t@" + kDigest,
                                                   "HOST.example/a:A.-_"})
    CHECK(Reference::parse(text).str() == text);
}

TEST_CASE("Reference::parse: says which part is wrong") {
  const auto message = [](const std::string& text) {
    try {
      return Reference::parse(text).str();
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::input);
      return error.message();
    }
  };
  const auto says = [&](const std::string& text, const std::string& what) {
    INFO(text);
    CHECK_THAT(message(text), Catch::Contains(what));
  };
  says("nginx", "names no registry");
  says("nginx:1", "names no registry");
  says("prod/nginx", "names no registry");
  says("", "names no registry");
  says("h.example/", "can't be part of a repository's name");
  says("h.example/Prod/nginx", "'Prod' can't be part");
  says("h.example/a//b", "'' can't be part");
  says("h.example/a..b", "'a..b' can't be part");
  says("h.example/../etc", "'..' can't be part");
  says("h.example/a___b", "can't be part");
  says("h.example/-a", "can't be part");
  says("h.example/a:", "'' is no tag");
  says("h.example/a:-x", "'-x' is no tag");
  says("h.example/a:" + std::string(129, 'x'), "is no tag");
  says("h.example/a@sha256:AA", "after '@' comes");
  says("h.example/a@sha512:" + std::string(128, 'a'), "after '@' comes");
  says("h.example:0/a", "is no host");
  says("h.example:x/a", "is no host");
  says("h_x.example/a", "is no host");
  says("[::1/a", "is no host");
  says("h..example/a", "is no host");
  says("h.example/" + std::string(256, 'a'), "longer than 255");
  says("https://h.example/a", "it is a URL");
  says("oci:", "no path follows");
  says("oci::tag", "no path follows");
  says("oci:p@sha256:1", "after '@' comes");
  says(std::string("h.example/a\0", 12), "NUL");
}

TEST_CASE("Reference::parse: hints at what to write") {
  try {
    Reference::parse("nginx:1");
    FAIL("no error");
  } catch (const Error& error) {
    REQUIRE(error.hints().size() == 1);
    CHECK(error.hints()[0] == "write HOST/nginx:1 for a registry, or oci:PATH for a folder");
  }
}
