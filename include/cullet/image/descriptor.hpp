// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cullet/base/digest.hpp"
#include "cullet/base/json.hpp"

namespace cullet::image {

/// Media types of image-spec 1.1 that cullet writes; it reads Docker's equivalents too.
inline constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kEmptyType = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kDockerManifestType =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerIndexType =
    "application/vnd.docker.distribution.manifest.list.v2+json";

/// Bounds for documents from outside.
inline constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{4} << 20U;
inline constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{8} << 20U;

/// image-spec, descriptor.md.
struct Descriptor {
  std::string media_type;
  BlobDigest digest;
  std::uint64_t size = 0;
  std::string artifact_type;  ///< of a referrer; may be empty
  std::map<std::string, std::string> annotations;

  friend bool operator==(const Descriptor&, const Descriptor&) = default;

  /// The descriptor of `bytes`.
  static Descriptor of(std::string_view bytes, std::string media_type);
  [[nodiscard]] Json to_json() const;
  /// Throws Kind::input naming `what` for a missing or malformed field or a digest that isn't
  /// sha256.
  static Descriptor parse(const Json& json, std::string_view what);
  /// Nullopt for what parse() refuses: in a list that other tools write to, as content under
  /// another kind of digest.
  static std::optional<Descriptor> try_parse(const Json& json);
};

}  // namespace cullet::image
