// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cullet/trust/key.hpp"

#include "resolve.hpp"
#include "second_build.hpp"
#include "session.hpp"

namespace cullet::cli {

struct ReproductionOptions {
  trust::PublicKey release;                    ///< has to have signed the image
  trust::PublicKey statements;                 ///< has to have signed its provenance
  std::optional<trust::PrivateKey> rebuilder;  ///< says so, when it comes out the same
  std::string rebuilder_name;                  ///< URI; empty: made of the key
};

/// What a rebuild of a published image came to.
struct Reproduction {
  std::string recipe;
  std::size_t inputs = 0;         ///< how many there were
  std::uint64_t input_bytes = 0;  ///< of all of them
  SecondBuild::Target target;     ///< `before`: the image; `after`: what was built
  std::vector<std::string> varied;
  bool added = false;  ///< a summary, to the image
  std::string rebuilder_name;
};

/// Builds an image again from what is kept beside it and from nothing else: verifies its signature
/// and its provenance, restores its inputs, each held against the provenance by digest, builds them
/// as another machine would, and compares manifests. With a rebuilder's key, an image that comes
/// out the same gets provenance of this build and a verification summary by that key, once.
///
/// Throws Kind::refused for a signature or provenance that doesn't hold and for inputs that are not
/// what provenance says; Kind::input where there are none; Kind::machine for an image of another
/// architecture or assembly contract. Nothing is left behind but what was said of the image.
Reproduction reproduce(Session& session,
                       ResolvedImage& image,
                       const ReproductionOptions& options,
                       ProgressView& view);

}  // namespace cullet::cli
