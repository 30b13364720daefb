// SPDX-License-Identifier: Apache-2.0
#include "cullet/trust/attestation.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/signature.hpp"

#include "../../src/trust/envelope.hpp"
#include "place.hpp"
#include "support/crowded_repository.hpp"

namespace cullet::trust {
namespace {

const std::string kType = "https://example.com/Said/v1";

bool same_but_time(const Json& there, const Json& wanted) {
  auto a = there, b = wanted;
  a.erase("at");
  b.erase("at");
  return a == b;
}

std::string read_blob(image::Repository& repository, const image::Descriptor& blob) {
  const auto source = repository.open_blob(blob);
  return read_all(*source, 1U << 20U, "blob");
}

/// Puts a referrer whose only layer holds `content`.
void put_referrer(Place& place,
                  const std::string& content,
                  const std::string& artifact_type,
                  const std::string& claimed) {
  image::Manifest carrier;
  carrier.artifact_type = artifact_type;
  carrier.config = image::Descriptor::of("{}", std::string(image::kEmptyType));
  carrier.layers = {image::Descriptor::of(content, artifact_type)};
  carrier.subject = place.manifest;
  if (!claimed.empty())
    carrier.annotations = {{"dev.sigstore.bundle.predicateType", claimed}};
  for (const auto& text : {std::string("{}"), content})
    place.repository->put_blob(image::Descriptor::of(text, ""),
                               {[&text] { return std::make_unique<MemorySource>(text); }, {}, {}});
  place.repository->put_manifest(carrier.serialize(), std::string(image::kManifestType));
}

TEST_CASE("attest: what is attached is read back, and carries what readers filter by", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  CHECK(attest(*place.repository, place.manifest, key, {kType, {{"n", 1}}}));
  const auto found = attestations(*place.repository, place.manifest, {key.public_key()});
  REQUIRE(found.size() == 1);
  CHECK(found[0].problem.empty());
  CHECK(found[0].predicate_type == kType);
  CHECK(found[0].predicate == Json{{"n", 1}});
  const auto envelope = Json::parse(found[0].envelope);
  CHECK(envelope.size() == 3);
  CHECK(envelope.at("payloadType") == "application/vnd.in-toto+json");
  const auto statement = Envelope::parse(envelope, "envelope").open(key.public_key(), "envelope");
  CHECK(statement.subject == place.manifest.digest);
  CHECK(statement.predicate == Json{{"n", 1}});
  const auto bytes = place.repository->find_manifest(found[0].carrier).value().bytes;
  const auto carrier = image::Manifest::parse(bytes, "carrier");
  CHECK(carrier.artifact_type == kBundleType);
  CHECK(carrier.config.media_type == image::kEmptyType);
  REQUIRE(carrier.layers.size() == 1);
  CHECK(carrier.layers[0].media_type == kBundleType);
  CHECK(carrier.subject.value().digest == place.manifest.digest);
  CHECK(carrier.annotations ==
        std::map<std::string, std::string>{{"dev.sigstore.bundle.content", "dsse-envelope"},
                                           {"dev.sigstore.bundle.predicateType", kType},
                                           {"in-toto.io/predicate-type", kType}});
  const auto bundle = read_blob(*place.repository, carrier.layers[0]);
  CHECK(open_bundle(bundle, key.public_key(), "bundle").predicate_type == kType);
}

TEST_CASE("attest: an equal claim is left alone, by the caller's measure", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  const auto count = [&] {
    return attestations(*place.repository, place.manifest, {key.public_key()}).size();
  };
  const auto say = [&](const PrivateKey& by, const Json& predicate, const SamePredicate& same) {
    return attest(*place.repository, place.manifest, by, {kType, predicate}, same);
  };
  CHECK(say(key, {{"n", 1}, {"at", 1}}, same_but_time));
  CHECK_FALSE(say(key, {{"n", 1}, {"at", 2}}, same_but_time));
  CHECK(count() == 1);
  CHECK(say(key, {{"n", 1}, {"at", 2}}, equal_predicates));
  CHECK(say(key, {{"n", 2}, {"at", 1}}, same_but_time));
  CHECK(say(PrivateKey::generate(), {{"n", 1}, {"at", 1}}, same_but_time));
  CHECK(attest(*place.repository, place.manifest, key, {kType + "/other", {{"n", 1}, {"at", 1}}}));
  CHECK(count() == 5);
  CHECK_FALSE(say(key, {{"n", 2}}, same_but_time));
  CHECK(say(key, {{"n", 3}}, equal_predicates));
  CHECK(count() == 6);
}

TEST_CASE("attestations: each is worth what the keys say, and names its key", "[trust]") {
  Place place;
  const auto one = PrivateKey::generate(), two = PrivateKey::generate();
  attest(*place.repository, place.manifest, one, {kType, {{"by", "one"}}});
  attest(*place.repository, place.manifest, two, {kType, {{"by", "two"}}});
  attest(*place.repository, place.manifest, PrivateKey::generate(), {kType, {{"by", "none"}}});
  std::size_t refused = 0, held = 0;
  for (const auto& found :
       attestations(*place.repository, place.manifest, {one.public_key(), two.public_key()})) {
    CHECK(found.predicate_type == kType);
    if (!found.problem.empty()) {
      CHECK(found.problem == "it was made with another key, or its content was changed");
      CHECK(found.predicate.is_null());
      ++refused;
    } else {
      CHECK(found.predicate.at("by") == (found.key == 0 ? "one" : "two"));
      ++held;
    }
  }
  CHECK(refused == 1);
  CHECK(held == 2);
}

TEST_CASE("attestations: what is no bundle, or about another image, is listed with why",
          "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  const BlobDigest other(sha256(std::string_view("other")));
  put_referrer(place, "x", "application/vnd.cncf.notary.signature", "");
  put_referrer(place, "{", std::string(kBundleType), "");
  put_referrer(place, make_bundle(key, other, kType, Json::object()), std::string(kBundleType), "");
  std::vector<std::string> problems;
  for (const auto& found : attestations(*place.repository, place.manifest, {key.public_key()}))
    problems.push_back(found.problem);
  std::sort(problems.begin(), problems.end());
  REQUIRE(problems.size() == 3);
  CHECK(problems[0] == "it is about another image");
  CHECK(problems[1] == "it is no sigstore bundle v0.3");
  CHECK(problems[2].rfind("the bundle", 0) == 0);
}

TEST_CASE("attestations: a type that only the statement tells is found, a false claim is not",
          "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  const auto bundle = make_bundle(key, place.manifest.digest, kType, {{"n", 1}});
  put_referrer(place, bundle, std::string(kBundleType), "");
  put_referrer(place,
               make_bundle(key, place.manifest.digest, kType + "/other", Json::object()),
               std::string(kBundleType),
               kType);
  const auto found = attestations(*place.repository, place.manifest, {key.public_key()}, kType);
  REQUIRE(found.size() == 1);
  CHECK(found[0].predicate == Json{{"n", 1}});
}

TEST_CASE("attestations: what is no bundle takes no place of what is", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  attest(*place.repository, place.manifest, key, {kType, {{"n", 1}}});
  CrowdedRepository crowded(
      *place.repository, kMostAttestations + 1, "application/vnd.cullet.inputs.v1+json");
  const auto found = attestations(crowded, place.manifest, {key.public_key()}, kType);
  REQUIRE(found.size() == 1);
  CHECK(found[0].predicate == Json{{"n", 1}});
  CHECK(crowded.asked == 1);
  CHECK_FALSE(attest(crowded, place.manifest, key, {kType, {{"n", 1}}}));
}

TEST_CASE("attestations: bundles beyond the bound are listed, not read, and stop nothing",
          "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  CrowdedRepository crowded(*place.repository, kMostAttestations + 7, std::string(kBundleType));
  const auto found = attestations(crowded, place.manifest, {key.public_key()});
  CHECK(found.size() == kMostAttestations + 7);
  CHECK(crowded.asked == kMostAttestations);
  CHECK(found.front().problem == "its carrier is listed but not there");
  CHECK(found.back().problem == "it is not read: there is too much beside it");
  CHECK(attest(crowded, place.manifest, key, {kType, {{"n", 1}}}));
  CHECK(place.repository->referrers(place.manifest.digest).size() == 1);
}

TEST_CASE("attest: a bundle larger than verifiers read is not attached", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  const Claim claim{kType, {{"text", std::string(kMaxAttestationBytes, 'x')}}};
  CHECK_THROWS_AS(attest(*place.repository, place.manifest, key, claim), Error);
  CHECK(place.repository->referrers(place.manifest.digest).empty());
}

}  // namespace
}  // namespace cullet::trust
