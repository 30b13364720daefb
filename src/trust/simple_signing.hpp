// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/base/digest.hpp"

namespace cullet::trust {

/// The legacy format ("simple signing", containers/image docs/containers-signature.5): a payload
/// blob as layer of the manifest tagged sha256-HEX.sig, the signature in the layer's annotation.
inline constexpr std::string_view kSimpleSigningType =
    "application/vnd.dev.cosign.simplesigning.v1+json";
inline constexpr std::string_view kSignatureAnnotation = "dev.cosignproject.cosign/signature";
inline constexpr std::size_t kMostSignatures = 100;
inline constexpr std::uint64_t kMaxPayloadBytes = 64U << 10U;

/// The bytes that are signed: containers/image refuses any other key outside "optional".
std::string simple_signing_payload(const std::string& docker_reference, const BlobDigest& digest);

}  // namespace cullet::trust
