// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/digest.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {

/// Throws Kind::refused if the fork's file names a digest for the patch and `found`, that of its
/// text, is another: it was changed, and nobody says that this is meant.
void demand_named_digest(const Patch& patch, const Sha256& found);

}  // namespace cullet::workspace
