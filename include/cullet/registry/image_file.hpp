// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::registry {

/// An image as one file, for machines without a network: a tar of an OCI layout (image-spec,
/// image-layout.md) with the image, its signatures and all that refers to it. Other tools read it
/// ("oci-archive:FILE" of skopeo and podman). Its entries are sorted and without times, index.json
/// is in canonical form, so that an image with the same referrers always gives the same bytes:
///   blobs/sha256/<64 hex>…, index.json, oci-layout
/// index.json's annotation "org.cullet.image" holds the digest of the image's manifest.

struct ImageFileOptions {
  std::string tag;             ///< the image's in the file; may be empty
  std::filesystem::path room;  ///< an empty directory for work in progress
  unsigned parallel = 4;       ///< blobs at once, from a registry
  std::function<void(std::uint64_t, std::uint64_t)> progress{};  ///< bytes done, of all
};

/// Replaces `file` atomically and durably; returns its size. What is read is verified once more on
/// its way out.
std::uint64_t write_image_file(image::Repository& from,
                               const image::Descriptor& manifest,
                               const std::filesystem::path& file,
                               const ImageFileOptions& options,
                               const Cancel& cancel);

/// An image that was read from a file.
struct ImageFile {
  std::unique_ptr<image::Repository> layout;  ///< below the room that it was read into
  image::Descriptor manifest;
  std::string tag;  ///< may be empty
};

/// Bounds on files from elsewhere.
inline constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{256} << 30U;

/// Reads a file into `room`, an empty directory: every blob is held against the digest that it is
/// named by while it is read, and all that the image and its referrers name must be there. Throws
/// Kind::input for what is no such file (other members, links, paths out of it, a truncated end),
/// Kind::refused for bytes that are others and for what is missing.
ImageFile read_image_file(const std::filesystem::path& file,
                          const std::filesystem::path& room,
                          const std::function<void(std::uint64_t, std::uint64_t)>& progress,
                          const Cancel& cancel);

}  // namespace cullet::registry
