// SPDX-License-Identifier: Apache-2.0
#include "sha256_blocks.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

namespace cullet::image {

namespace {

#define CULLET_SHA __attribute__((target("sha,sse4.1")))

/// FIPS 180-4, section 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> kConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The state as the instructions want it: words A B E F and C D G H, the first in the highest
/// place.
struct Lanes {
  __m128i abef;
  __m128i cdgh;
};

CULLET_SHA inline Lanes load(const Sha256State& state) {
  return {_mm_set_epi32(static_cast<int>(state[0]),
                        static_cast<int>(state[1]),
                        static_cast<int>(state[4]),
                        static_cast<int>(state[5])),
          _mm_set_epi32(static_cast<int>(state[2]),
                        static_cast<int>(state[3]),
                        static_cast<int>(state[6]),
                        static_cast<int>(state[7]))};
}

CULLET_SHA inline void store(const Lanes& lanes, Sha256State& state) {
  alignas(16) std::array<std::uint32_t, 4> abef, cdgh;
  _mm_store_si128(reinterpret_cast<__m128i*>(abef.data()), lanes.abef);
  _mm_store_si128(reinterpret_cast<__m128i*>(cdgh.data()), lanes.cdgh);
  state = {abef[3], abef[2], cdgh[3], cdgh[2], abef[1], abef[0], cdgh[1], cdgh[0]};
}

/// Four rounds: the instruction takes two of the words in `message` at a time.
CULLET_SHA inline void four_rounds(Lanes& lanes, __m128i message, __m128i message_high) {
  lanes.cdgh = _mm_sha256rnds2_epu32(lanes.cdgh, lanes.abef, message);
  lanes.abef = _mm_sha256rnds2_epu32(lanes.abef, lanes.cdgh, message_high);
}

CULLET_SHA inline void add(Lanes& lanes, const Lanes& before) {
  lanes.abef = _mm_add_epi32(lanes.abef, before.abef);
  lanes.cdgh = _mm_add_epi32(lanes.cdgh, before.cdgh);
}

/// One block into `count` states. Sixteen steps of four rounds; `w` holds the last sixteen words of
/// the message schedule, of which each step uses four and replaces them (section 6.2.2, step 1).
template <std::size_t count>
CULLET_SHA inline void one_block(std::array<Lanes, count>& lanes, const std::byte* bytes) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const auto before = lanes;
  __m128i w[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i), swap);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    const __m128i constants =
        _mm_load_si128(reinterpret_cast<const __m128i*>(kConstants.data()) + i);
    const __m128i message = _mm_add_epi32(w[i % 4], constants);
    const __m128i message_high = _mm_shuffle_epi32(message, 0x0e);
    for (auto& each : lanes)
      four_rounds(each, message, message_high);
    if (i < 12) {
      const __m128i next = w[(i + 1) % 4], last = w[(i + 3) % 4];
      const __m128i between = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
      const __m128i begun = _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], next), between);
      w[i % 4] = _mm_sha256msg2_epu32(begun, last);
    }
  }
  for (std::size_t i = 0; i < count; ++i)
    add(lanes[i], before[i]);
}

constexpr std::size_t kBlock = 64;

}  // namespace

bool has_sha256_blocks() noexcept {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kSsse3AndSse41 = (1U << 9U) | (1U << 19U);
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kSsse3AndSse41) != kSsse3AndSse41)
    return false;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & (1U << 29U)) != 0;
}

CULLET_SHA void sha256_blocks(Sha256State& state,
                              const std::byte* bytes,
                              std::size_t count) noexcept {
  std::array<Lanes, 1> lanes = {load(state)};
  for (; count > 0; --count, bytes += kBlock)
    one_block(lanes, bytes);
  store(lanes[0], state);
}

CULLET_SHA void sha256_blocks(Sha256State& one,
                              Sha256State& two,
                              const std::byte* bytes,
                              std::size_t count) noexcept {
  std::array<Lanes, 2> lanes = {load(one), load(two)};
  for (; count > 0; --count, bytes += kBlock)
    one_block(lanes, bytes);
  store(lanes[0], one);
  store(lanes[1], two);
}

}  // namespace cullet::image

#else

namespace cullet::image {

bool has_sha256_blocks() noexcept {
  return false;
}
void sha256_blocks(Sha256State&, const std::byte*, std::size_t) noexcept {}
void sha256_blocks(Sha256State&, Sha256State&, const std::byte*, std::size_t) noexcept {}

}  // namespace cullet::image

#endif
