// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cullet/image/descriptor.hpp"
#include "cullet/image/manifest.hpp"

#include "connection.hpp"

namespace cullet::registry {

/// What refers to a manifest, in one repository: by distribution-spec's referrers API and, where a
/// registry lacks it, by the index under the fallback tag "sha256-HEX". Not thread-safe.
class Referrers {
 public:
  explicit Referrers(Connection& connection) : connection_(connection) {}

  /// All, or those of one type; sorted by digest, each once. Entries that can't be read are left
  /// out: whoever may push to the repository must not be able to hide the others with one of them.
  std::vector<image::Descriptor> list(const BlobDigest& subject, const std::string& artifact_type);
  /// See image::Repository::missing_referrers().
  std::vector<image::Descriptor> missing(const BlobDigest& subject,
                                         const std::vector<image::Descriptor>& wanted);
  /// Adds `referrer` to the index under the fallback tag of `subject`, over and over if others
  /// write it at the same time, until it is seen there.
  void add_to_fallback(const BlobDigest& subject, const image::Descriptor& referrer);

 private:
  struct Fallback {
    Json index;  ///< an object with "manifests"
    std::string etag;
  };
  std::optional<std::vector<image::Descriptor>> from_api(const BlobDigest& subject,
                                                         const std::string& artifact_type);
  std::optional<std::vector<image::Descriptor>> read_page(const http::Response& response);
  Fallback read_fallback(const BlobDigest& subject);
  std::vector<image::Descriptor> from_fallback(const BlobDigest& subject);
  void write_fallback(const BlobDigest& subject, const Fallback& fallback);
  void mend_type(image::Descriptor& referrer);

  Connection& connection_;
  bool no_api_ = false;
};

}  // namespace cullet::registry
