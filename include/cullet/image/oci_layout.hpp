// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::image {

/// One repository as a folder in OCI layout (image-spec, image-layout.md): oci-layout, index.json
/// (tags as "org.opencontainers.image.ref.name"; referrers as entries without a tag, found by
/// artifactType and subject), blobs/sha256/HEX. Writers take turns (flock(2) on the folder);
/// index.json is replaced atomically and last, so readers and a kill at any instant see it whole.
/// Blobs with a file origin are hard-linked where the file system allows, copied elsewhere.
/// `create`: make an empty layout where absent; otherwise absence throws Kind::input.
std::unique_ptr<Repository> open_layout(const std::filesystem::path& folder, bool create,
                                        const Cancel& cancel);

}  // namespace cullet::image
