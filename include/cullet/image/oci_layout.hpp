// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::image {

/// One repository as a folder in OCI layout (image-spec, image-layout.md): oci-layout, index.json
/// (tags as "org.opencontainers.image.ref.name"; referrers as entries without a tag, found by
/// artifactType and subject), blobs/sha256/HEX. Writers of the index take turns (flock(2) on the
/// folder); index.json is replaced atomically and last, so readers and a kill at any instant see it
/// whole, and entries of other tools stay as they are. Unfinished blobs lie in ".cullet-…", which
/// the next open with `create` removes if their writer is dead. Blobs with an immutable file (no
/// write permission) as origin are hard-linked where the file system allows, by its size alone;
/// others are copied and verified. `create`: make an empty layout where absent (throws Kind::input
/// for a folder that holds other things); otherwise absence throws Kind::input.
std::unique_ptr<Repository> open_layout(const std::filesystem::path& folder,
                                        bool create,
                                        const Cancel& cancel);

}  // namespace cullet::image
