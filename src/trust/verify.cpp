// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/attestation.hpp"
#include "cullet/trust/signature.hpp"

#include "carrier.hpp"
#include "envelope.hpp"
#include "simple_signing.hpp"

namespace cullet::trust {

namespace {

/// Why a legacy signature is worth nothing; empty when it holds.
std::string legacy_problem(image::Repository& repository,
                           const image::Descriptor& manifest,
                           const image::Descriptor& layer,
                           const PublicKey& key) {
  const auto annotation = layer.annotations.find(std::string(kSignatureAnnotation));
  if (annotation == layer.annotations.end())
    return "the layer carries no signature";
  const auto signature = base64_decode(annotation->second);
  if (!signature)
    return "the signature is not base64";
  const auto payload = read_bytes(repository, layer, kMaxPayloadBytes);
  if (!key.verify(payload, *signature))
    return "it was made with another key, or its content was changed";
  const auto json = parse_json(payload, "the payload", kMaxPayloadBytes);
  const auto& critical = object_at(json, "critical", "the payload");
  const auto& image = object_at(critical, "image", "the payload");
  if (string_at(critical, "type", "the payload") != "cosign container image signature")
    return "the payload is no image signature";
  if (string_at(image, "docker-manifest-digest", "the payload") != manifest.digest.str())
    return "it is for another image";
  return "";
}

/// Why a bundle is no signature of the image; empty when it is. nullopt for an attestation.
std::optional<std::string> bundle_problem(image::Repository& repository,
                                          const image::Descriptor& manifest,
                                          const BlobDigest& carrier,
                                          const PublicKey& key,
                                          Allowance& allowance) {
  allowance.take_bundle();
  const auto blob = carried_bundle(repository, carrier);
  allowance.take_bytes(blob.size);
  const auto bundle = read_bytes(repository, blob, kMaxBundleBytes);
  const auto statement = open_bundle(bundle, key, "the bundle");
  if (statement.predicate_type != kSignPredicate)
    return std::nullopt;
  if (statement.subject != manifest.digest)
    return "it is for another image";
  return "";
}

/// Runs a check of one signature; what it throws about the signature is a problem of that one, and
/// not of the others.
template <class Check>
void judge(SignatureReport& report, SignatureReport::Found found, const Check& check) {
  try {
    const std::optional<std::string> problem = check();
    if (!problem)
      return;
    found.problem = *problem;
  } catch (const Error& error) {
    if (error.kind() != Kind::input && error.kind() != Kind::refused)
      throw;
    found.problem = error.message();
  }
  found.valid = found.problem.empty();
  report.found.push_back(std::move(found));
}

void verify_legacy(image::Repository& repository,
                   const image::Descriptor& manifest,
                   const PublicKey& key,
                   SignatureReport& report) {
  const auto tag = repository.find_tag(signature_tag(manifest.digest));
  if (!tag)
    return;
  image::Manifest carrier;
  judge(report, {"simple signing", tag->digest, false, ""}, [&]() -> std::optional<std::string> {
    const auto found = repository.find_manifest(tag->digest);
    if (!found)
      return "its carrier is tagged but not there";
    carrier = image::Manifest::parse(found->bytes, signature_tag(manifest.digest));
    return std::nullopt;
  });
  const auto count = std::min(carrier.layers.size(), kMostSignatures);
  for (std::size_t index = 0; index < count; ++index)
    judge(report, {"simple signing", tag->digest, false, ""}, [&] {
      return std::optional(legacy_problem(repository, manifest, carrier.layers[index], key));
    });
}

void verify_bundles(image::Repository& repository,
                    const image::Descriptor& manifest,
                    const PublicKey& key,
                    SignatureReport& report) {
  const auto referrers = repository.referrers(manifest.digest, std::string(kBundleType));
  Allowance allowance;
  for (const auto& referrer : referrers) {
    // What says that it is an attestation takes no place of a signature.
    const auto claimed = claimed_predicate(referrer);
    if (!claimed.empty() && claimed != kSignPredicate)
      continue;
    judge(report, {"bundle v0.3", referrer.digest, false, ""}, [&] {
      return bundle_problem(repository, manifest, referrer.digest, key, allowance);
    });
  }
}

}  // namespace

bool SignatureReport::ok() const {
  return std::any_of(found.begin(), found.end(), [](const Found& one) { return one.valid; });
}

SignatureReport verify(image::Repository& repository,
                       const image::Descriptor& manifest,
                       const PublicKey& key) {
  SignatureReport report;
  with_context(cat("verifying the signatures of ", repository.name(), "@", manifest.digest), [&] {
    verify_legacy(repository, manifest, key, report);
    verify_bundles(repository, manifest, key, report);
  });
  return report;
}

}  // namespace cullet::trust
