// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/image/manifest.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::trust {

/// Annotations of the manifest that carries a bundle: cosign's, and the one that scanners filter
/// by.
inline constexpr std::string_view kPredicateAnnotation = "dev.sigstore.bundle.predicateType";
inline constexpr std::string_view kInTotoAnnotation = "in-toto.io/predicate-type";

/// A blob's bytes; throws Kind::input for one larger than `limit`, before reading it.
std::string read_bytes(image::Repository& repository,
                       const image::Descriptor& blob,
                       std::uint64_t limit);

/// Puts a bundle as a referrer of `subject`.
void put_bundle(image::Repository& repository,
                const image::Descriptor& subject,
                const std::string& bundle,
                std::string_view predicate_type);
/// The descriptor of the bundle that a referrer carries. Throws Kind::input where it carries none.
image::Descriptor carried_bundle(image::Repository& repository, const BlobDigest& carrier);

/// What may still be read of the bundles that refer to a manifest. Taking more than is left throws
/// Kind::input.
class Allowance {
 public:
  void take_bundle() { take(bundles_, 1); }
  void take_bytes(std::uint64_t count) { take(bytes_, count); }

 private:
  static void take(std::uint64_t& left, std::uint64_t count);
  std::uint64_t bundles_ = kMostAttestations;
  std::uint64_t bytes_ = kMaxAttestationsBytes;
};

/// What a referrer's annotations say that it carries, unverified; empty: nothing.
std::string claimed_predicate(const image::Descriptor& referrer);

}  // namespace cullet::trust
