// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/trust/attestation.hpp"

#include "resolve.hpp"

namespace cullet::cli {

/// Kept inputs that are what a verified statement says.
struct ProvenInputs {
  trust::Attestation provenance;
  build::DemandedInputs demanded;
  build::InputsManifest list;
};

/// An image may have provenance of several builds and inputs of several: the first list that is
/// what one of the statements by `keys` names. `check` throws for a statement that is of no use to
/// the caller. Throws Kind::refused where no statement holds, none_kept() where there are no
/// inputs, and what is wrong with the last statement or list where none fit.
ProvenInputs proven_inputs(const ResolvedImage& image,
                           const std::vector<trust::PublicKey>& keys,
                           const std::function<void(const trust::Attestation&)>& check);

/// Throws Kind::refused where the image has provenance by the key, and none of it is of these
/// inputs: nobody could restore them, or rebuild the image from them.
void demand_proven(const ResolvedImage& image,
                   const trust::PublicKey& key,
                   const build::InputsManifest& list);

Error none_kept(const ResolvedImage& image);

}  // namespace cullet::cli
