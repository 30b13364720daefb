// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/attest/inputs_difference.hpp"
#include "cullet/image/explain_difference.hpp"

#include "resolve.hpp"

namespace cullet::cli {

/// The lines that differ in a workspace file that differs between two builds. Its texts are looked
/// for by the digests that the provenances name: among what is attached to either image (its
/// inputs), and in the workspace. Empty where one of them isn't there.
std::vector<image::Finding> changed_lines(Session& session,
                                          ResolvedImage& before,
                                          ResolvedImage& after,
                                          const attest::InputChange& change);

}  // namespace cullet::cli
