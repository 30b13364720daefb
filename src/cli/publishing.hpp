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

/// Puts a built image into the workspace's registry, signed unless `no_sign`, with the recipe's
/// tags, and copies it with its signatures to every reference of `push`.
PublishedImage publish_image(Session& session,
                             const plan::Plan& plan,
                             const plan::Plan::Target& target,
                             const std::vector<std::string>& push,
                             bool no_sign,
                             ProgressView& view);

/// The tag meant by a reference without one: the first of the recipe's tags where `text` is a bare
/// recipe of the workspace, else "latest".
std::string default_tag(Session& session, const std::string& text);

}  // namespace cullet::cli
