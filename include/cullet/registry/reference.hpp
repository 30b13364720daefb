// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cullet/base/digest.hpp"

namespace cullet::registry {

/// Names an image: "oci:PATH[:TAG][@DIGEST]" (a folder in OCI layout) or
/// "HOST[:PORT]/NAME[:TAG][@DIGEST]" (distribution-spec's grammar; "localhost" and names with a dot
/// or a colon are hosts, and a host is required: there is no default registry). With both tag and
/// digest, the digest counts.
struct Reference {
  bool layout = false;
  std::string host;        ///< of a registry: "registry.example.com:5000"
  std::string repository;  ///< in the registry: "prod/nginx"; of a layout: its path
  std::string tag;
  std::optional<BlobDigest> digest;

  /// Throws Kind::input saying which part is wrong.
  static Reference parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  /// Without tag and digest.
  [[nodiscard]] std::string name() const;
};

}  // namespace cullet::registry
