// SPDX-License-Identifier: Apache-2.0
#include "cullet/trust/attestation.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "carrier.hpp"
#include "envelope.hpp"

namespace cullet::trust {

namespace {

std::string envelope_text(const Envelope& envelope) {
  return canonical(envelope.to_json()) + "\n";
}

/// Reads one bundle and fills in what it says; throws what is wrong with it.
void open(image::Repository& repository,
          const image::Descriptor& manifest,
          const std::vector<PublicKey>& keys,
          Allowance& allowance,
          Attestation& found) {
  allowance.take_bundle();
  const auto blob = carried_bundle(repository, found.carrier);
  allowance.take_bytes(blob.size);
  const auto bytes = read_bytes(repository, blob, kMaxBundleBytes);
  const auto envelope = Envelope::parse_bundle(bytes, "the bundle");
  while (found.key < keys.size() && !envelope.is_by(keys[found.key]))
    ++found.key;
  if (found.key == keys.size())
    throw Error(Kind::refused, "it was made with another key, or its content was changed");
  auto statement = envelope.statement("the bundle");
  if (statement.subject != manifest.digest)
    throw Error(Kind::refused, "it is about another image");
  found.predicate_type = std::move(statement.predicate_type);
  found.predicate = std::move(statement.predicate);
  found.envelope = envelope_text(envelope);
}

std::string claim_name(const Claim& claim, image::Repository& repository) {
  return cat("attesting ", claim.predicate_type, " in ", repository.name());
}

}  // namespace

bool equal_predicates(const Json& there, const Json& wanted) {
  return there == wanted;
}

std::vector<Attestation> attestations(image::Repository& repository,
                                      const image::Descriptor& manifest,
                                      const std::vector<PublicKey>& keys,
                                      std::string_view predicate_type) {
  std::vector<Attestation> out;
  Allowance allowance;
  for (const auto& referrer : repository.referrers(manifest.digest)) {
    Attestation found;
    found.carrier = referrer.digest;
    found.artifact_type = referrer.artifact_type;
    found.predicate_type = claimed_predicate(referrer);
    const auto claimed = found.predicate_type;
    if (!predicate_type.empty() && !claimed.empty() && claimed != predicate_type)
      continue;
    try {
      if (referrer.artifact_type != kBundleType)
        throw Error(Kind::input, "it is no sigstore bundle v0.3");
      open(repository, manifest, keys, allowance, found);
    } catch (const Error& error) {
      if (error.kind() != Kind::input && error.kind() != Kind::refused)
        throw;
      found.problem = error.message();
    }
    // A registry that drops annotations leaves only the statement itself to tell.
    if (predicate_type.empty() || found.predicate_type == predicate_type)
      out.push_back(std::move(found));
  }
  return out;
}

void add_attestation(image::Repository& repository,
                     const image::Descriptor& manifest,
                     const PrivateKey& key,
                     const Claim& claim) {
  with_context([&] { return claim_name(claim, repository); },
               [&] {
                 const auto bundle =
                     make_bundle(key, manifest.digest, claim.predicate_type, claim.predicate);
                 if (bundle.size() > kMaxAttestationBytes)
                   throw Error(Kind::input,
                               cat("the bundle would take ",
                                   human_size(bundle.size()),
                                   ", more than verifiers read (",
                                   human_size(kMaxAttestationBytes),
                                   ")"));
                 put_bundle(repository, manifest, bundle, claim.predicate_type);
               });
}

bool attest(image::Repository& repository,
            const image::Descriptor& manifest,
            const PrivateKey& key,
            const Claim& claim,
            const SamePredicate& same) {
  const auto there = with_context(
      [&] { return claim_name(claim, repository); },
      [&] { return attestations(repository, manifest, {key.public_key()}, claim.predicate_type); });
  for (const auto& found : there)
    if (found.problem.empty() && same(found.predicate, claim.predicate))
      return false;
  add_attestation(repository, manifest, key, claim);
  return true;
}

}  // namespace cullet::trust
