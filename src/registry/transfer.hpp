// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/registry/copy.hpp"

namespace cullet::registry {

/// Copies manifests with all that they are made of from one repository to another: blobs first, in
/// parallel, then what is inside an index, then the index. No tags.
class Transfer {
 public:
  Transfer(image::Repository& from,
           image::Repository& to,
           const CopyOptions& options,
           const Cancel& cancel,
           CopyReport& report);

  /// With `again`, the manifest itself is put even if it is there: a referrer may be there without
  /// being listed, if the process that put it was killed in between.
  void copy(const image::Descriptor& manifest, bool again = false);
  void copy_blobs(const std::vector<image::Descriptor>& blobs);

  /// The manifest's bytes in `repository`; throws Kind::refused where it is missing.
  static image::Repository::ManifestBytes read(image::Repository& repository,
                                               const image::Descriptor& manifest);

 private:
  /// What is to be copied, in the order in which manifests have to be put.
  struct Batch {
    std::vector<image::Repository::ManifestBytes> manifests;
    std::vector<image::Descriptor> blobs;
    std::set<BlobDigest> seen;
    std::uint64_t manifest_bytes = 0;
  };
  void collect(const image::Descriptor& manifest, bool again, unsigned depth, Batch& batch);
  void add_blob(const image::Descriptor& blob, Batch& batch);

  image::Repository& from_;
  image::Repository& to_;
  const CopyOptions& options_;
  const Cancel& cancel_;
  CopyReport& report_;
  std::string mount_from_;
};

}  // namespace cullet::registry
