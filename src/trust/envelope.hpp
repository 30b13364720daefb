// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/trust/signature.hpp"

namespace cullet::trust {

inline constexpr std::uint64_t kMaxBundleBytes = std::uint64_t{32} << 20U;

/// A DSSE envelope with its one signature, decoded but not verified (secure-systems-lab/dsse,
/// envelope.md).
struct Envelope {
  std::string payload;
  std::string signature;

  /// An in-toto statement about `subject`, signed.
  static Envelope seal(const PrivateKey& key,
                       const BlobDigest& subject,
                       std::string_view predicate_type,
                       const Json& predicate);
  /// Throws Kind::input for what is no envelope of an in-toto statement.
  static Envelope parse(const Json& json, std::string_view what);
  /// The envelope of a bundle v0.3.
  static Envelope parse_bundle(std::string_view bundle, std::string_view what);

  [[nodiscard]] Json to_json() const;
  [[nodiscard]] bool is_by(const PublicKey& key) const;
  /// What it says; to be believed only once is_by() holds.
  [[nodiscard]] Statement statement(std::string_view what) const;
  /// statement(), if `key` signed it; throws Kind::refused otherwise.
  [[nodiscard]] Statement open(const PublicKey& key, std::string_view what) const;
};

}  // namespace cullet::trust
