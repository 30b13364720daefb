// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::plan {

/// The annotation of an image's manifest that says which patches its content was built with:
/// canonical JSON, a list of {"added", "fixes", "fork", "patch", "reason", "sha256", "version"}
/// and, where the fork says them, "by", "expires" and "picked"; by fork, then in the order of the
/// series. `sha256` is "sha256:HEX" of the patch's text. An image without patches doesn't have it.
/// The namespace is that of cullet's other annotations (org.cullet.assembly).
inline constexpr std::string_view kPatchesAnnotation = "org.cullet.patches";

/// The forks with patches that an image's content was built from, sorted by name: of its
/// components, and of all that these need, because a library may be linked statically.
std::vector<const workspace::Fork*> patched_forks(const workspace::Workspace& workspace,
                                                  const workspace::Recipe& recipe);

/// What the annotation says of one fork's patches, but for their digests: as above.
Json describe_patches(const workspace::Fork& fork);

}  // namespace cullet::plan
