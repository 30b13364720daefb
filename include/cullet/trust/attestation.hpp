// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/image/repository.hpp"
#include "cullet/trust/key.hpp"

namespace cullet::trust {

/// What is said about a manifest: an in-toto predicate (in-toto/attestation, spec/v1).
struct Claim {
  std::string predicate_type;  ///< "https://slsa.dev/provenance/v1"
  Json predicate;              ///< an object
};

/// Whether a predicate that is there says the same as the wanted one; times are for the caller to
/// leave out of the comparison.
using SamePredicate = std::function<bool(const Json& there, const Json& wanted)>;
bool equal_predicates(const Json& there, const Json& wanted);

/// The most that a bundle may take: admission controllers (Kyverno) read no larger ones.
inline constexpr std::uint64_t kMaxAttestationBytes = 10'000'000;
/// How many bundles that refer to a manifest are read at a time, and how many bytes of them: each
/// build of other sources that comes to the same image adds one, so that how many there are is no
/// fault. What carries something else is not read, and counts for nothing.
inline constexpr std::size_t kMostAttestations = 1000;
inline constexpr std::uint64_t kMaxAttestationsBytes = std::uint64_t{256} << 20U;

/// Attaches a claim to a manifest as a sigstore bundle v0.3, a referrer that cosign, kyverno and
/// trivy read, beside whatever is there: readers see all. Throws Kind::input for a bundle over
/// kMaxAttestationBytes.
///
/// `key` should not be the key that signs releases: cosign takes any bundle of a key about an image
/// for a signature of it, whatever it says, so a FAILED test report would release the image.
void add_attestation(image::Repository& repository,
                     const image::Descriptor& manifest,
                     const PrivateKey& key,
                     const Claim& claim);

/// The same, but a claim that the manifest has already by this key, among what attestations()
/// reads, is left alone; returns whether one was added.
bool attest(image::Repository& repository,
            const image::Descriptor& manifest,
            const PrivateKey& key,
            const Claim& claim,
            const SamePredicate& same = equal_predicates);

/// What refers to a manifest, and what it is worth.
struct Attestation {
  BlobDigest carrier;          ///< digest of the manifest that carries it
  std::string artifact_type;   ///< of the carrier; anything but a bundle is listed, not read
  std::string predicate_type;  ///< verified where `problem` is empty, else what the carrier claims
  Json predicate;              ///< null where there is a problem
  /// The same as a plain DSSE envelope (one line of JSON), for tools that read files, such as
  /// slsa-verifier; empty where there is a problem.
  std::string envelope;
  std::size_t key = 0;  ///< index of the key that made it
  std::string problem;  ///< why it counts for nothing; empty when it holds
};

/// Everything that refers to `manifest`, sorted by carrier, each bundle held against every key.
/// With `predicate_type`, those that claim to be something else are left out unread. Never throws
/// for what an attestation holds: that is its `problem`, and so is lying beyond kMostAttestations
/// or kMaxAttestationsBytes.
std::vector<Attestation> attestations(image::Repository& repository,
                                      const image::Descriptor& manifest,
                                      const std::vector<PublicKey>& keys,
                                      std::string_view predicate_type = {});

}  // namespace cullet::trust
