// SPDX-License-Identifier: Apache-2.0
#include "cullet/trust/signature.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/put_bytes.hpp"
#include "cullet/trust/attestation.hpp"

#include "place.hpp"
#include "support/crowded_repository.hpp"

namespace cullet::trust {
namespace {

TEST_CASE("sign: both formats are there and hold", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  CHECK_FALSE(verify(*place.repository, place.manifest, key.public_key()).ok());
  CHECK(sign(*place.repository, place.manifest, key, "example.com/app:1"));
  const auto report = verify(*place.repository, place.manifest, key.public_key());
  REQUIRE(report.found.size() == 2);
  CHECK(report.found[0].format == "simple signing");
  CHECK(report.found[1].format == "bundle v0.3");
  CHECK(report.found[0].valid);
  CHECK(report.found[1].valid);
  CHECK(is_signed(*place.repository, place.manifest, key.public_key(), "example.com/app:1"));
  CHECK_FALSE(is_signed(*place.repository, place.manifest, key.public_key(), "example.com/b:1"));
}

TEST_CASE("sign: twice adds nothing, another reference or key does", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  CHECK(sign(*place.repository, place.manifest, key, "example.com/app:1"));
  CHECK_FALSE(sign(*place.repository, place.manifest, key, "example.com/app:1"));
  CHECK(verify(*place.repository, place.manifest, key.public_key()).found.size() == 2);
  CHECK(sign(*place.repository, place.manifest, key, "example.com/app:2"));
  CHECK(verify(*place.repository, place.manifest, key.public_key()).found.size() == 3);
  const auto other = PrivateKey::generate();
  CHECK(sign(*place.repository, place.manifest, other, "example.com/app:1"));
  const auto report = verify(*place.repository, place.manifest, other.public_key());
  CHECK(report.found.size() == 5);
  CHECK(report.ok());
}

TEST_CASE("verify: another key's signatures are found and worth nothing", "[trust]") {
  Place place;
  sign(*place.repository, place.manifest, PrivateKey::generate(), "example.com/app:1");
  const auto report =
      verify(*place.repository, place.manifest, PrivateKey::generate().public_key());
  REQUIRE(report.found.size() == 2);
  CHECK_FALSE(report.ok());
  for (const auto& found : report.found)
    CHECK(found.problem == "it was made with another key, or its content was changed");
}

TEST_CASE("verify: a signature moved to another image does not count there", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  sign(*place.repository, place.manifest, key, "example.com/app:1");
  const auto other = place.add("two");
  const auto tag = place.repository->find_tag(signature_tag(place.manifest.digest));
  const auto bytes = place.repository->find_manifest(tag->digest)->bytes;
  place.repository->put_tag(signature_tag(other.digest), *tag, bytes);
  const auto report = verify(*place.repository, other, key.public_key());
  REQUIRE(report.found.size() == 1);
  CHECK(report.found[0].problem == "it is for another image");
}

TEST_CASE("verify: what is no manifest at the legacy tag hides no bundle", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  sign(*place.repository, place.manifest, key, "example.com/app:1");
  const std::string index =
      R"({"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2})";
  const auto put = place.repository->put_manifest(index, std::string(image::kIndexType));
  place.repository->put_tag(signature_tag(place.manifest.digest), put, index);
  const auto report = verify(*place.repository, place.manifest, key.public_key());
  REQUIRE(report.found.size() == 2);
  CHECK(report.ok());
  CHECK_FALSE(report.found[0].problem.empty());
  CHECK(report.found[1].valid);
}

/// Makes a bundle refer to the place's image, whatever it says.
void attach(Place& place, const std::string& bundle) {
  image::Manifest carrier;
  carrier.artifact_type = kBundleType;
  carrier.config = image::put_bytes(*place.repository, "{}", image::kEmptyType);
  carrier.layers = {image::put_bytes(*place.repository, bundle, kBundleType)};
  carrier.subject = place.manifest;
  place.repository->put_manifest(carrier.serialize(), std::string(image::kManifestType));
}

TEST_CASE("verify: a bundle moved to another image does not count there", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  const auto other = place.add("two");
  attach(place, make_bundle(key, other.digest, std::string(kSignPredicate), Json::object()));
  const auto report = verify(*place.repository, place.manifest, key.public_key());
  REQUIRE(report.found.size() == 1);
  CHECK(report.found[0].problem == "it is for another image");
  CHECK_FALSE(report.ok());
}

TEST_CASE("verify: what the key signed to another end is no signature", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  const Json image{{"docker-manifest-digest", place.manifest.digest.str()}};
  const Json payload{{"critical",
                      {{"identity", {{"docker-reference", "example.com/app:1"}}},
                       {"image", image},
                       {"type", "a verdict of a scanner"}}},
                     {"optional", nullptr}};
  const auto text = canonical(payload);
  image::Manifest carrier;
  carrier.config = image::put_bytes(*place.repository, "{}", image::kConfigType);
  carrier.layers = {image::put_bytes(
      *place.repository, text, "application/vnd.dev.cosign.simplesigning.v1+json")};
  carrier.layers[0].annotations["dev.cosignproject.cosign/signature"] = base64(key.sign(text));
  const auto bytes = carrier.serialize();
  const auto put = place.repository->put_manifest(bytes, std::string(image::kManifestType));
  place.repository->put_tag(signature_tag(place.manifest.digest), put, bytes);
  const auto report = verify(*place.repository, place.manifest, key.public_key());
  REQUIRE(report.found.size() == 1);
  CHECK(report.found[0].problem == "the payload is no image signature");
  CHECK_FALSE(report.ok());
}

TEST_CASE("verify: an attestation by the key is no signature", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  attach(place,
         make_bundle(key, place.manifest.digest, "https://slsa.dev/provenance/v1", Json::object()));
  const auto report = verify(*place.repository, place.manifest, key.public_key());
  CHECK(report.found.empty());
  CHECK_FALSE(report.ok());
}

TEST_CASE("verify: attestations take no place of a signature", "[trust]") {
  Place place;
  const auto key = PrivateKey::generate();
  CHECK(sign(*place.repository, place.manifest, key, "example.com/app:1"));
  const auto expect = [&](CrowdedRepository& crowded) {
    const auto report = verify(crowded, place.manifest, key.public_key());
    const auto is_valid_bundle = [](const auto& one) {
      return one.valid && one.format == "bundle v0.3";
    };
    CHECK(std::count_if(report.found.begin(), report.found.end(), is_valid_bundle) == 1);
    CHECK_FALSE(sign(crowded, place.manifest, key, "example.com/app:1"));
  };
  SECTION("those that say what they are aren't read") {
    const auto type = GENERATE("dev.sigstore.bundle.predicateType", "in-toto.io/predicate-type");
    CrowdedRepository crowded(*place.repository,
                              kMostAttestations + 1,
                              std::string(kBundleType),
                              {{type, "https://slsa.dev/provenance/v1"}});
    expect(crowded);
    CHECK(crowded.asked < 10);
  }
  SECTION("those of a registry that drops annotations are") {
    CrowdedRepository crowded(*place.repository, kMostAttestations - 1, std::string(kBundleType));
    expect(crowded);
  }
}

}  // namespace
}  // namespace cullet::trust
