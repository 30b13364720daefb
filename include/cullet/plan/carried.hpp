// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "cullet/base/json.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::plan {

/// The annotation of an image's manifest that says which patches its content was built with:
/// canonical JSON, a list of {"added", "fixes", "fork", "patch", "reason", "sha256", "version"}
/// and, where the fork says them, "by", "expires" and "picked"; by fork, then in the order of the
/// series. `sha256` is "sha256:HEX" of the patch's text. An image without patches doesn't have it.
/// The namespace is that of cullet's other annotations (org.cullet.assembly).
inline constexpr std::string_view kPatchesAnnotation = "org.cullet.patches";

/// Which forks with patches images were built from. Looks at each recipe once, however many images
/// need it.
class PatchedForks {
 public:
  /// The workspace outlives it.
  explicit PatchedForks(const workspace::Workspace& workspace) : workspace_(workspace) {}

  /// Names of the forks that the image's content was built from, sorted: of its components, and of
  /// all that these need, because a library may be linked statically.
  std::set<std::string> of_image(const workspace::Recipe& recipe);

 private:
  const std::set<std::string>& of_component(const std::string& name);

  const workspace::Workspace& workspace_;
  std::map<std::string, std::set<std::string>> components_;
};

/// What the annotation says of one fork's patches, but for their digests: as above.
Json describe_patches(const workspace::Fork& fork);

}  // namespace cullet::plan
