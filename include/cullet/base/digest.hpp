// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "cullet/base/stream.hpp"

namespace cullet {

/// A SHA-256 value (FIPS 180-4). Ordered bytewise. Its text form is OCI's "sha256:" + 64 lower-case
/// hexadecimal digits (image-spec, descriptor.md, "Digests").
class Sha256 {
 public:
  static constexpr std::size_t kSize = 32;

  Sha256() = default;
  explicit Sha256(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}

  /// Parses "sha256:HEX"; nullopt for anything else, upper-case digits included.
  static std::optional<Sha256> parse(std::string_view text);
  /// Parses 64 lower-case hexadecimal digits; nullopt for anything else.
  static std::optional<Sha256> parse_hex(std::string_view hex);

  [[nodiscard]] std::string hex() const;
  [[nodiscard]] std::string str() const { return "sha256:" + hex(); }
  [[nodiscard]] const std::array<std::uint8_t, kSize>& bytes() const noexcept { return bytes_; }

  friend auto operator<=>(const Sha256&, const Sha256&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Sha256& value) {
    return out << value.str();
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

/// A SHA-256 of one kind of thing. Kinds don't convert into each other, so that a diffID can't be
/// passed where a blob digest is meant; `Tag` is never defined.
template <class Tag>
class DigestOf : public Sha256 {
 public:
  DigestOf() = default;
  explicit DigestOf(const Sha256& value) : Sha256(value) {}
  /// As Sha256::parse.
  static std::optional<DigestOf> parse(std::string_view text) {
    const auto value = Sha256::parse(text);
    return value ? std::optional(DigestOf(*value)) : std::nullopt;
  }
  friend auto operator<=>(const DigestOf&, const DigestOf&) = default;
};

using BlobDigest = DigestOf<struct BlobTag>;  ///< of a blob's bytes, as a registry addresses it
using DiffId = DigestOf<struct DiffTag>;      ///< of a layer's uncompressed tar
using TreeDigest = DigestOf<struct TreeTag>;  ///< of a tree's canonical manifest
using Key = DigestOf<struct KeyTag>;  ///< of everything an action reads (its canonical JSON)

/// Hashes what is written to it. Not thread-safe; movable.
class Sha256Hasher final : public Sink {
 public:
  Sha256Hasher();
  ~Sha256Hasher() override;
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;
  Sha256Hasher(const Sha256Hasher&) = delete;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;

  void write(Bytes bytes) override;
  /// The digest of all bytes written; the hasher then starts afresh.
  [[nodiscard]] Sha256 finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256 sha256(Bytes bytes);
Sha256 sha256(std::string_view text);

/// Passes what is read on and fails at the end unless exactly the promised bytes came: throws
/// Kind::refused naming the promised digest and, where all bytes were seen, theirs, as soon as the
/// size or the end contradicts it. The last bytes are handed out only after the check. After an
/// exception, every further read throws. `inner` must outlive it.
class VerifyingSource final : public Source {
 public:
  VerifyingSource(Source& inner, const Sha256& want, std::optional<std::uint64_t> size);
  std::size_t read(std::span<std::byte> into) override;

 private:
  enum class State { reading, ended, failed };
  bool look_ahead(std::size_t count);
  void finish();

  Source& inner_;
  Sha256 want_;
  std::optional<std::uint64_t> size_;
  std::uint64_t seen_ = 0;
  State state_ = State::reading;
  std::optional<std::byte> ahead_;  ///< read from inner_ to see whether it ends, not handed out yet
  Sha256Hasher hasher_;
};

}  // namespace cullet
