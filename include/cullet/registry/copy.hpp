// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::registry {

struct CopyOptions {
  unsigned parallel = 4;  ///< blobs at once
  bool referrers = true;  ///< signatures (".sig", ".att" tags) and referrers too
  /// Looks at each blob although the manifest is there: a place may have lost one.
  bool thorough = false;
  std::vector<std::string> tags;  ///< put last, when all that they point at is there
  std::function<void(std::uint64_t, std::uint64_t)> progress;  ///< bytes of blobs so far, of all
};

struct CopyReport {
  std::uint64_t blobs_sent = 0, blobs_present = 0, bytes_sent = 0;
  std::uint64_t referrers = 0;
};

/// Whether both are in registries, and that is the same one: blobs needn't be sent then.
bool in_one_registry(const image::Repository& a, const image::Repository& b);

/// Copies an image (or an index with all its images): blobs in parallel, manifest by digest, what
/// refers to it, tags last. What is there already is not sent again; when the manifest is, only the
/// referrers are looked at (but for CopyOptions::thorough). Interrupted at any point, old tags
/// stand.
CopyReport copy_image(image::Repository& from,
                      const image::Descriptor& manifest,
                      image::Repository& to,
                      const CopyOptions& options,
                      const Cancel& cancel);

}  // namespace cullet::registry
