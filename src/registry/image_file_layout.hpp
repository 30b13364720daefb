// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/image/manifest.hpp"

namespace cullet::registry {

inline constexpr std::string_view kBlobFolder = "blobs/sha256";
inline constexpr std::string_view kImageAnnotation = "org.cullet.image";
inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kLayoutVersion = "{\"imageLayoutVersion\":\"1.0.0\"}";
inline constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{16} << 20U;

/// The tag of an index's entry; empty: none.
inline std::string tag_of(const image::Descriptor& entry) {
  const auto found = entry.annotations.find(std::string(kRefName));
  return found == entry.annotations.end() ? std::string() : found->second;
}

}  // namespace cullet::registry
