// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/patch_digest.hpp"

#include "cullet/base/error.hpp"

namespace cullet::workspace {

void demand_named_digest(const Patch& patch, const Sha256& found) {
  if (!patch.sha256 || found == *patch.sha256)
    return;
  throw Error(Kind::refused,
              cat("patch ", patch.name(), " is not the one that ", patch.at.str(), " names"))
      .detail(cat("wanted: ", *patch.sha256))
      .detail(cat("found:  ", found))
      .hint("if the change is meant, put the digest that was found in as its `sha256`");
}

}  // namespace cullet::workspace
