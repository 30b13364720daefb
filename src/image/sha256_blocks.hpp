// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cullet::image {

/// The eight working words of SHA-256, and what they start with (FIPS 180-4, section 5.3.3).
using Sha256State = std::array<std::uint32_t, 8>;
inline constexpr Sha256State kSha256Start = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// Whether this processor can run the functions below (x86's SHA extensions).
bool has_sha256_blocks() noexcept;

/// Takes `count` blocks of 64 bytes into the state, or into two states at once.
void sha256_blocks(Sha256State& state, const std::byte* bytes, std::size_t count) noexcept;
void sha256_blocks(Sha256State& one,
                   Sha256State& two,
                   const std::byte* bytes,
                   std::size_t count) noexcept;

}  // namespace cullet::image
