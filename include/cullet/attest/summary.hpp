// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/trust/key.hpp"

namespace cullet::attest {

/// SLSA verification summaries (slsa.dev, verification_summary/v1): somebody rebuilt an image and
/// got the same digest.
inline constexpr std::string_view kSummaryType = "https://slsa.dev/verification_summary/v1";
/// The property that such a summary verifies (SLSA 1.2, verified properties). It is only to be
/// issued where there is provenance of two builds by different parties: the builder's and one of
/// the rebuilder's own.
inline constexpr std::string_view kReproduced = "SLSA_BUILD_REPRODUCED";
/// The policy by which `cullet reproduce` judges: every input by the digest that verified
/// provenance has, built again from nothing under a variation of the machine, equal manifest.
inline constexpr std::string_view kReproducePolicy = "urn:cullet:policy:reproduce:1";

struct Rebuild {
  std::string verifier;  ///< URI of who built it again
  std::string version;   ///< of cullet
  std::string resource;  ///< URI of the image
  std::int64_t time = 0;
  /// What carries the statements of provenance: the builder's, and the rebuilder's own.
  std::vector<BlobDigest> provenance;
};
/// The predicate: PASSED, kReproduced.
Json reproduced_summary(const Rebuild& rebuild);
/// Whether two predicates say the same of an image, whenever it was said, by whatever version, and
/// wherever the image was.
bool same_summary(const Json& there, const Json& wanted);

/// Who reproduced an image.
struct Rebuilders {
  struct One {
    std::size_t key = 0;  ///< index of its key, among those that were asked for
    BlobDigest carrier;   ///< of its summary
    std::string verifier, time;
  };
  std::vector<One> counted;           ///< one for each key, in their order
  std::vector<std::string> problems;  ///< what doesn't count, and why
};
/// The rebuilders who say, in a summary of this manifest that `trusted` verifies, that they
/// reproduced it. A key counts once, however often it is named or has said so; one of
/// `not_independent` (that of releases, that of the builder's statements) never, nor one whose
/// summary rests on its own provenance alone, nor one that also says FAILED. Throws as
/// trust::attestations().
Rebuilders rebuilders(image::Repository& repository,
                      const image::Descriptor& manifest,
                      const std::vector<trust::PublicKey>& trusted,
                      const std::vector<trust::PublicKey>& not_independent);
/// Throws Kind::refused where there are fewer than `wanted`, saying which don't count and why.
void demand_rebuilders(const Rebuilders& found, std::size_t wanted, const std::string& image);

}  // namespace cullet::attest
