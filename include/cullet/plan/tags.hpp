// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/workspace/workspace.hpp"

namespace cullet::plan {

/// The tags of a recipe's image, by what they promise. A tag that says a version is fixed: it is
/// never moved to another digest. Other tags ("latest") move. An image without patches gets both;
/// one with patches gets a fixed tag of its own, "1.22.1-bg.1", and moves what moves, so that
/// "1.22.1" goes on meaning upstream's version. N counts the patched images of a version.
struct TagRules {
  struct Tag {
    std::string text;
    bool fixed = false;
  };
  std::vector<Tag> tags;  ///< in the order of the recipe, at least one; without {version} where
                          ///< there is no version; nothing left: "latest"
  bool patched = false;
  std::string before_number, after_number;  ///< of the break-glass tag: "1.22.1-bg.", ""

  [[nodiscard]] std::string break_glass(std::uint64_t number) const;
  /// N, if `tag` is a break-glass tag of this version.
  [[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view tag) const;
};
TagRules tag_rules(const workspace::Workspace& workspace, const workspace::Recipe& recipe);

/// The text with "{version}" replaced: of tags, and of the variables of a recipe's steps.
std::string with_version(std::string text, std::string_view version);

/// A version as tags say it: '_' for what a version may hold and a tag may not, as in
/// "1.2~rc1+dfsg" (distribution-spec, "Pulling manifests": [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}).
std::string version_tag(std::string version);

/// Whether a tag says this version (as a fork has it): "1.22.1", "v1.22.1", "1.22.1-bg.2"; not
/// "1.22.10".
bool says_version(std::string_view tag, std::string_view of);

}  // namespace cullet::plan
