// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cullet/image/manifest.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/plan/plan.hpp"

namespace cullet::build {

/// An image's manifest and config, with what each layer is made of.
struct ImageParts {
  struct Layer {
    BlobDigest digest;
    std::string content;  ///< as the config's history names it; "" in images of other makers
  };
  std::vector<Layer> layers;
  image::Manifest manifest;
  image::Config config;
};
/// Throws Kind::input for what is no image.
ImageParts read_parts(image::Repository& repository, const image::Descriptor& manifest);

/// What differs between two images beside their layers: "@config/env", "@annotations/NAME". The
/// annotations that tell of a build's sources differ with `own_source`, and the list of patches
/// always may.
std::vector<std::string> changed_settings(const ImageParts& before,
                                          const ImageParts& after,
                                          bool own_source);

/// The manifest of a target's image, which has been built.
image::Descriptor built_image(const plan::Plan& plan, const plan::Plan::Target& target);

/// For each content of an image node, by the title that the config's history has, the node that
/// made its tree.
std::map<std::string, std::size_t> layer_contents(const plan::Plan& plan, const plan::Node& image);

/// The history entry of a layer made of `content`.
std::string created_by(const std::string& content);

}  // namespace cullet::build
