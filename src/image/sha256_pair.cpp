// SPDX-License-Identifier: Apache-2.0
#include "sha256_pair.hpp"

#include <algorithm>
#include <cstring>

#include "cullet/base/error.hpp"

#include "sha256_blocks.hpp"

namespace cullet::image {

namespace {

constexpr std::size_t kBlock = 64;

class PortablePair final : public Sha256Pair {
 public:
  void begin_part() override { in_part_ = true; }
  void write(Bytes bytes) override {
    whole_.write(bytes);
    if (in_part_)
      part_.write(bytes);
  }
  Sha256 end_part() override {
    in_part_ = false;
    return part_.finish();
  }
  Sha256 finish() override { return whole_.finish(); }

 private:
  Sha256Hasher whole_;
  Sha256Hasher part_;
  bool in_part_ = false;
};

/// FIPS 180-4, section 5.1.1: 0x80, zeros, the length in bits; section 6.2 for what is at the end.
Sha256 pad_and_finish(Sha256State state, const std::byte* rest, std::uint64_t length) {
  std::array<std::byte, 2 * kBlock> last{};
  const auto fill = static_cast<std::size_t>(length % kBlock);
  std::copy_n(rest, fill, last.begin());
  last[fill] = std::byte{0x80};
  const auto size = fill + 1 + 8 <= kBlock ? kBlock : 2 * kBlock;
  const auto bits = length * 8;
  for (unsigned i = 0; i < 8; ++i)
    last[size - 1 - i] = static_cast<std::byte>((bits >> (8 * i)) & 0xffU);
  sha256_blocks(state, last.data(), size / kBlock);
  std::array<std::uint8_t, Sha256::kSize> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return Sha256(digest);
}

/// Whole and part are always at the same place of their blocks, so they share the unfinished one.
class FastPair final : public Sha256Pair {
 public:
  void begin_part() override {
    if (in_part_ || length_ % kBlock != 0)
      throw Error(Kind::internal, "a part that begins within a block or another part");
    in_part_ = true;
    part_ = kSha256Start;
    part_begin_ = length_;
  }

  void write(Bytes bytes) override {
    if (const auto fill = static_cast<std::size_t>(length_ % kBlock); fill > 0) {
      const auto count = std::min(kBlock - fill, bytes.size());
      std::memcpy(rest_.data() + fill, bytes.data(), count);
      length_ += count;
      bytes = bytes.subspan(count);
      if (length_ % kBlock == 0)
        blocks(rest_.data(), 1);
    }
    const auto whole = bytes.size() / kBlock;
    if (whole > 0)
      blocks(bytes.data(), whole);
    length_ += bytes.size();
    bytes = bytes.subspan(whole * kBlock);
    if (!bytes.empty())
      std::memcpy(rest_.data(), bytes.data(), bytes.size());
  }

  Sha256 end_part() override {
    in_part_ = false;
    return pad_and_finish(part_, rest_.data(), length_ - part_begin_);
  }
  Sha256 finish() override { return pad_and_finish(whole_, rest_.data(), length_); }

 private:
  void blocks(const std::byte* bytes, std::size_t count) {
    // A block that a part ended in was only begun by it: what follows belongs to the whole alone.
    if (in_part_)
      sha256_blocks(whole_, part_, bytes, count);
    else
      sha256_blocks(whole_, bytes, count);
  }

  Sha256State whole_ = kSha256Start;
  Sha256State part_ = kSha256Start;
  std::array<std::byte, kBlock> rest_{};
  std::uint64_t length_ = 0;
  std::uint64_t part_begin_ = 0;
  bool in_part_ = false;
};

}  // namespace

std::unique_ptr<Sha256Pair> sha256_pair(Implementation implementation) {
  if (implementation == Implementation::best && has_sha256_blocks())
    return std::make_unique<FastPair>();
  return std::make_unique<PortablePair>();
}

}  // namespace cullet::image
