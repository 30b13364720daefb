// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cullet/image/repository.hpp"
#include "cullet/plan/tags.hpp"

namespace cullet::build {

/// The tags that an image gets in a repository: all of the rules, or, with patches, its break-glass
/// tag and those that move. A patched digest that has its tag already keeps it; else it gets
/// `preferred` (its tag in another repository; may be empty) where that is free, or the number
/// after the highest.
std::vector<std::string> tags_for(image::Repository& repository,
                                  const plan::TagRules& rules,
                                  const BlobDigest& digest,
                                  const std::string& preferred = {});

/// The break-glass tag with the highest number; nullopt: there is none.
std::optional<std::string> newest_break_glass(image::Repository& repository,
                                              const plan::TagRules& rules);

/// What stood before a new image: the first of its moving tags, its newest break-glass tag and its
/// fixed tags that is there.
std::optional<image::Descriptor> standing_image(image::Repository& repository,
                                                const plan::TagRules& rules);

/// Throws Kind::refused if one of these tags, which say a version, points to another digest.
void demand_unmoved(image::Repository& repository,
                    const std::vector<std::string>& fixed,
                    const BlobDigest& digest);

}  // namespace cullet::build
