// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/summary.hpp"

#include <algorithm>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/trust/attestation.hpp"

#include "trust/place.hpp"

namespace cullet::attest {
namespace {

using trust::PrivateKey;

/// An image whose builder has said how it was made, and people who build it again.
struct Reproduced : trust::Place {
  PrivateKey release = PrivateKey::generate(), builder = PrivateKey::generate();
  PrivateKey one = PrivateKey::generate(), two = PrivateKey::generate();
  BlobDigest original = provenance(builder);

  BlobDigest provenance(const PrivateKey& key) {
    trust::attest(*repository,
                  manifest,
                  key,
                  {std::string(kProvenanceType), {{"by", key.public_key().pem()}}});
    for (const auto& found :
         trust::attestations(*repository, manifest, {key.public_key()}, kProvenanceType))
      if (found.problem.empty())
        return found.carrier;
    throw std::runtime_error("what was attached is gone");
  }
  Rebuild rebuild(const PrivateKey& key) {
    return {.verifier = "urn:" + key.public_key().hint(),
            .version = "0.1.0",
            .resource = "pkg:oci/x@sha256%3A00",
            .time = 1,
            .provenance = {original, provenance(key)}};
  }
  bool say(const PrivateKey& key, const Json& predicate) {
    return trust::attest(
        *repository, manifest, key, {std::string(kSummaryType), predicate}, same_summary);
  }
  bool say(const PrivateKey& key) { return say(key, reproduced_summary(rebuild(key))); }
  Rebuilders ask(const std::vector<PrivateKey>& keys) {
    std::vector<trust::PublicKey> trusted;
    for (const auto& key : keys)
      trusted.push_back(key.public_key());
    return rebuilders(*repository, manifest, trusted, {release.public_key(), builder.public_key()});
  }
};

TEST_CASE("reproduced_summary: the members that slsa.dev asks for", "[attest]") {
  const auto summary = reproduced_summary({.verifier = "https://example.com/rebuilder",
                                           .version = "0.1.0",
                                           .resource = "pkg:oci/x@sha256%3A00",
                                           .time = 0,
                                           .provenance = {BlobDigest(sha256("x"))}});
  CHECK(summary ==
        Json{{"verifier",
              {{"id", "https://example.com/rebuilder"}, {"version", {{"cullet", "0.1.0"}}}}},
             {"timeVerified", "1970-01-01T00:00:00Z"},
             {"resourceUri", "pkg:oci/x@sha256%3A00"},
             {"policy", {{"uri", "urn:cullet:policy:reproduce:1"}}},
             {"inputAttestations", Json::array({{{"digest", {{"sha256", sha256("x").hex()}}}}})},
             {"verificationResult", "PASSED"},
             {"verifiedLevels", Json::array({"SLSA_BUILD_REPRODUCED"})},
             {"slsaVersion", "1.2"}});
}

TEST_CASE("same_summary: time, version and place don't count, all else does", "[attest]") {
  Rebuild rebuild{
      .verifier = "urn:a", .version = "1", .resource = "x", .time = 1, .provenance = {}};
  const auto first = reproduced_summary(rebuild);
  rebuild.version = "2";
  rebuild.resource = "y";
  rebuild.time = 2;
  CHECK(same_summary(first, reproduced_summary(rebuild)));
  rebuild.verifier = "urn:b";
  CHECK_FALSE(same_summary(first, reproduced_summary(rebuild)));
  CHECK_FALSE(same_summary(Json::array(), first));
}

TEST_CASE("rebuilders: each trusted key counts once", "[attest]") {
  Reproduced image;
  CHECK(image.ask({image.one, image.two}).counted.empty());
  CHECK(image.say(image.one));
  CHECK_FALSE(image.say(image.one));
  CHECK(image.say(image.two));
  CHECK(image.say(PrivateKey::generate()));
  const auto found = image.ask({image.one, image.two, image.one});
  REQUIRE(found.counted.size() == 2);
  CHECK(found.counted[0].key == 0);
  CHECK(found.counted[1].key == 1);
  CHECK(found.counted[1].verifier == "urn:" + image.two.public_key().hint());
  CHECK(found.counted[1].time == "1970-01-01T00:00:01Z");
  CHECK(found.problems.size() == 1);  // by somebody
  CHECK(image.ask({image.two}).counted.size() == 1);
  CHECK_NOTHROW(demand_rebuilders(found, 2, "x"));
  CHECK_THROWS_WITH(demand_rebuilders(found, 3, "x"), Catch::Contains("by 2 of the trusted"));
}

TEST_CASE("rebuilders: nobody is independent of himself", "[attest]") {
  Reproduced image;
  image.say(image.release);
  image.say(image.builder);
  CHECK(image.ask({image.release, image.builder}).counted.empty());
  // Unknown as the builder's, the key is found out by what its summary rests on.
  const auto found =
      rebuilders(*image.repository, image.manifest, {image.builder.public_key()}, {});
  CHECK(found.counted.empty());
  REQUIRE(found.problems.size() == 2);  // by another key, and by its own alone
  CHECK_THAT(found.problems[0] + found.problems[1], Catch::Contains("by the same key alone"));
}

TEST_CASE("rebuilders: a summary that says less, or no longer holds, does not count", "[attest]") {
  Reproduced image;
  const auto good = reproduced_summary(image.rebuild(image.one));
  const auto refused = [&](const Json& predicate, const std::string& why) {
    const auto key = PrivateKey::generate();
    image.say(key, predicate);
    const auto found = image.ask({key});
    CHECK(found.counted.empty());
    REQUIRE_FALSE(found.problems.empty());
    const auto names_it = [&](const auto& problem) { return problem.find(why) != problem.npos; };
    CHECK(std::any_of(found.problems.begin(), found.problems.end(), names_it));
  };
  auto bad = good;
  bad["verifiedLevels"] = Json::array({"SLSA_BUILD_LEVEL_3"});
  refused(bad, "it does not say SLSA_BUILD_REPRODUCED");
  bad["verifiedLevels"] = "SLSA_BUILD_REPRODUCED";
  refused(bad, "must be an array");
  bad = good;
  bad["verificationResult"] = "FAILED";
  refused(bad, "it says FAILED");
  bad = good;
  bad.erase("verifier");
  refused(bad, "'verifier'");
  bad = good;
  bad["inputAttestations"] = Json::array({1});
  refused(bad, "the summary");

  image.say(image.one);
  CHECK(image.ask({image.one}).counted.size() == 1);
  bad = good;
  bad["verificationResult"] = "FAILED";
  image.say(image.one, bad);
  CHECK(image.ask({image.one}).counted.empty());
}

TEST_CASE("rebuilders: a summary of another image counts for nothing", "[attest]") {
  Reproduced image;
  const auto first = image.manifest;
  image.say(image.one);
  image.manifest = image.add("two");
  CHECK(image.ask({image.one}).counted.empty());
  image.manifest = first;
  CHECK(image.ask({image.one}).counted.size() == 1);
}

}  // namespace
}  // namespace cullet::attest
