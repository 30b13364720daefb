// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/vex.hpp"

#include <catch2/catch.hpp>

#include "cullet/attest/policy.hpp"
#include "cullet/base/error.hpp"
#include "cullet/plan/carried.hpp"

namespace cullet::attest {
namespace {

const std::string kHex(64, 'a');

Json patch(const std::string& fork, std::vector<std::string> fixes) {
  return {{"fork", fork},
          {"version", "1.2.13"},
          {"patch", fork + "/fix.patch"},
          {"fixes", std::move(fixes)},
          {"reason", "it overflows"},
          {"added", "2024-06-01"},
          {"sha256", "sha256:" + kHex}};
}

struct Case {
  image::Descriptor descriptor = image::Descriptor::of("image", "type");
  image::Manifest manifest;
  workspace::Workspace workspace;

  explicit Case(const Json& patches) {
    manifest.annotations[std::string(plan::kPatchesAnnotation)] = canonical(patches);
    workspace::Fork zlib;
    zlib.name = "zlib";
    zlib.version = "1.2.13";
    zlib.upstream = "https://github.com/madler/zlib.git";
    zlib.import = workspace::Archive{};
    zlib.import->path = "pool/main/z/zlib/zlib_1.2.13.dfsg.orig.tar.bz2";
    workspace.forks["zlib"] = zlib;
  }
  [[nodiscard]] std::optional<trust::Claim> claim(const std::string& repository = {}) const {
    return vex_claim(descriptor,
                     manifest,
                     "nginx",
                     workspace,
                     {.author = "A", .time = 0, .repository = repository});
  }
};

TEST_CASE("vex_claim: one statement an advisory, about the image by digest") {
  const Case one(Json::array({patch("zlib", {"CVE-2", "CVE-1"}), patch("lua", {"CVE-2"})}));
  const auto claim = one.claim("host:5000/prod/web");
  REQUIRE(claim);
  CHECK(claim->predicate_type == kVexType);
  CHECK(claim->predicate.at("timestamp") == "1970-01-01T00:00:00Z");
  const auto& statements = claim->predicate.at("statements");
  REQUIRE(statements.size() == 2);
  CHECK(statements[0].at("vulnerability").at("name") == "CVE-1");
  CHECK(statements[1].at("status") == "fixed");
  const auto& product = statements[1].at("products").at(0);
  CHECK(product.at("@id") == cat("pkg:oci/web@sha256%3A",
                                 one.descriptor.digest.hex(),
                                 "?repository_url=host%3A5000%2Fprod%2Fweb"));
  CHECK(product.at("hashes").at("sha-256") == one.descriptor.digest.hex());
  const auto& anywhere = statements[1].at("products").at(1);
  CHECK(anywhere.at("@id") == cat("pkg:oci/web@sha256%3A", one.descriptor.digest.hex()));
  CHECK(anywhere.at("subcomponents") == product.at("subcomponents"));
  std::vector<std::string> parts;
  for (const auto& part : product.at("subcomponents"))
    parts.push_back(part.at("@id"));
  CHECK(parts == std::vector<std::string>{"pkg:generic/lua@1.2.13",
                                          "pkg:generic/zlib@1.2.13",
                                          "pkg:github/madler/zlib@1.2.13",
                                          "pkg:deb/debian/zlib@1.2.13.dfsg?arch=source"});
  const auto notes = statements[1].at("status_notes").get<std::string>();
  CHECK(notes.find("lua/fix.patch (sha256:" + kHex + "): it overflows") != std::string::npos);
}

TEST_CASE("vex_claim: nothing to say of images without fixes") {
  CHECK(!Case(Json::array({patch("zlib", {})})).claim());
  Case none(Json::array());
  none.manifest.annotations.clear();
  CHECK(!none.claim());
}

TEST_CASE("same_statements: times don't count, authors and statements do") {
  const Case one(Json::array({patch("zlib", {"CVE-1"})}));
  auto later = one.claim()->predicate;
  later["timestamp"] = "2030-01-01T00:00:00Z";
  CHECK(same_statements(later, one.claim()->predicate));
  auto other = later;
  other["author"] = "B";
  CHECK(!same_statements(other, one.claim()->predicate));
  later["statements"][0]["status"] = "affected";
  CHECK(!same_statements(later, one.claim()->predicate));
  CHECK(!same_statements(Json::object(), one.claim()->predicate));
}

}  // namespace
}  // namespace cullet::attest
