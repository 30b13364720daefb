// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cullet/image/contents.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/registry/reference.hpp"

#include "session.hpp"

namespace cullet::cli {

/// What resolve_image() takes, in help.
inline constexpr const char* kReference = "a recipe's image, or HOST/NAME:TAG, or oci:PATH:TAG";

/// An image that is there.
struct ResolvedImage {
  registry::Reference reference;
  std::unique_ptr<image::Repository> repository;
  image::Descriptor manifest;
};

/// Opens the repository and finds the manifest by digest or tag. A recipe's bare name means
/// default_tag() of its image. Throws Kind::input when there is none, naming the tags there are.
ResolvedImage resolve_image(Session& session, const std::string& text);

/// "host/name@sha256:…".
std::string image_name(const ResolvedImage& image);

/// How commands read what images hold: with the store, so that a layer is read once ever, and
/// without it (with a note) where it can't be opened, since looking at an image needs none.
image::ReadOptions read_options(Session& session);

}  // namespace cullet::cli
