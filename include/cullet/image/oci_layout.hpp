// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::image {

inline constexpr std::string_view kBlobFolder = "blobs/sha256";
/// The annotation of an entry of index.json that says its tag.
inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
/// What the file oci-layout holds.
inline constexpr std::string_view kLayoutText = "{\"imageLayoutVersion\":\"1.0.0\"}";

/// One repository as a folder in OCI layout (image-spec, image-layout.md): oci-layout, index.json
/// (tags as kRefName; referrers as entries without a tag, found by artifactType and subject),
/// blobs/sha256/HEX. Writers of the index take turns (flock(2) on the
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
