// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/image/descriptor.hpp"
#include "cullet/plan/plan.hpp"

#include "progress_view.hpp"
#include "session.hpp"

namespace cullet::cli {

/// Where an image went.
struct PublishedImage {
  std::string reference;  ///< with its first tag
  image::Descriptor manifest;
  image::Descriptor config;
  std::uint64_t size = 0;  ///< bytes of manifest, config and layers as stored

  [[nodiscard]] Json to_json() const;
};

struct PublishingOptions {
  std::vector<std::string> push;  ///< references to copy the image to
  bool no_sign = false;
  bool no_attest = false;  ///< neither provenance nor SBOM; nor is there any without a signature
  bool cyclonedx = false;  ///< a CycloneDX SBOM, too
  std::int64_t started = 0;
};

/// Puts a built image into the workspace's registry with the recipe's tags, signed and with its
/// provenance and SBOM attached, and likewise to every reference of `push`.
/// One built from edits is neither signed nor attested; its tags get kEditsSuffix, and so must
/// those of `push` end.
PublishedImage publish_image(Session& session,
                             const plan::Plan& plan,
                             const plan::Plan::Target& target,
                             const PublishingOptions& options,
                             ProgressView& view);

/// The tag meant by a reference without one: the first of the recipe's tags where `text` is a bare
/// recipe of the workspace, else "latest".
std::string default_tag(Session& session, const std::string& text);

}  // namespace cullet::cli
