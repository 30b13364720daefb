// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cullet/image/descriptor.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/trust/attestation.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::attest {

struct VexOrigin {
  std::string author;
  std::int64_t time = 0;   ///< seconds since the epoch
  std::string repository;  ///< "registry.example.com/prod/nginx"; empty: not in a registry
};

/// OpenVEX v0.2.0 about an image: for each advisory that a patch of its annotation
/// (plan::kPatchesAnnotation) fixes, one statement "fixed". The product is the image by digest
/// (pkg:oci, with its repository and without), its subcomponents are the forks (pkg:generic, as the
/// SBOM names them, and, of one imported from Debian, pkg:deb); the status notes name each patch
/// with its digest and reason. nullopt: no patch of the image fixes an advisory. Pure.
std::optional<trust::Claim> vex_claim(const image::Descriptor& descriptor,
                                      const image::Manifest& manifest,
                                      const std::string& name,
                                      const workspace::Workspace& workspace,
                                      const VexOrigin& origin);

/// Whether two documents state the same, whoever said it when.
bool same_statements(const Json& there, const Json& wanted);

}  // namespace cullet::attest
