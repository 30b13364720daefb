// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/image/manifest.hpp"
#include "cullet/image/oci_layout.hpp"

namespace cullet::registry {

inline constexpr std::string_view kImageAnnotation = "org.cullet.image";
inline constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{16} << 20U;

/// The tag of an index's entry; empty: none.
inline std::string tag_of(const image::Descriptor& entry) {
  const auto found = entry.annotations.find(std::string(image::kRefName));
  return found == entry.annotations.end() ? std::string() : found->second;
}

}  // namespace cullet::registry
