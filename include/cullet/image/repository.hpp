// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/stream.hpp"
#include "cullet/image/descriptor.hpp"
#include "cullet/image/manifest.hpp"

namespace cullet::image {

/// Bytes of a blob on their way into a repository; open() may be called again for a retry.
struct BlobOrigin {
  std::function<std::unique_ptr<Source>()> open;
  /// An immutable file with exactly these bytes that may be hard-linked; empty: none.
  std::filesystem::path file;
  /// A repository of the same registry that holds it ("prod/zlib"), for cross-repository mount.
  std::string mount_from;
};

/// One repository of images, wherever it is: a folder in OCI layout (image/oci_layout.hpp) or a
/// registry (registry/remote.hpp). Content handed out was verified against its digest. Thread-safe
/// for blobs; manifests and tags by one thread at a time.
class Repository {
 public:
  Repository() = default;
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;
  Repository(Repository&&) = delete;
  Repository& operator=(Repository&&) = delete;
  virtual ~Repository() = default;

  /// As a user writes it, without tag: "oci:/ws/.cullet/registry/nginx", "host:5000/prod/nginx".
  [[nodiscard]] virtual std::string name() const = 0;

  /// What a tag points to; nullopt when there is no such tag.
  virtual std::optional<Descriptor> find_tag(const std::string& tag) = 0;
  /// All tags, sorted.
  virtual std::vector<std::string> tags() = 0;
  /// The manifest's exact bytes and media type; nullopt when absent. Verified; throws Kind::refused
  /// for other bytes.
  struct ManifestBytes {
    std::string bytes;
    std::string media_type;
  };
  virtual std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) = 0;
  /// Whether a manifest is there, without reading it.
  virtual bool has_manifest(const BlobDigest& digest) = 0;
  virtual bool has_blob(const Descriptor& blob) = 0;
  /// The blob's bytes, verified while read (base VerifyingSource); throws Kind::refused when
  /// absent.
  virtual std::unique_ptr<Source> open_blob(const Descriptor& blob) = 0;

  /// The file that holds the blob, if the repository has one that may be hard-linked; else empty.
  virtual std::filesystem::path blob_file(const Descriptor& /*blob*/) { return {}; }

  /// Throws what put_blob() would for want of a connection, a login or a permission, and puts
  /// nothing. Costs a registry two requests.
  virtual void check_writable() {}
  /// Puts a blob unless it is there; durable on return. Throws Kind::refused if the origin's bytes
  /// are others.
  virtual void put_blob(const Descriptor& blob, const BlobOrigin& origin) = 0;
  /// Puts a manifest whose blobs are there, under its digest only. A manifest with a subject is
  /// listed among its referrers from then on (with the fallback tag of distribution-spec where the
  /// registry has no referrers API).
  virtual Descriptor put_manifest(const std::string& bytes, const std::string& media_type) = 0;
  /// Moves a tag to a manifest that is there. Atomic.
  virtual void put_tag(const std::string& tag,
                       const Descriptor& manifest,
                       const std::string& bytes) = 0;
  /// Manifests whose subject is `digest`, optionally of one artifact type; sorted by digest.
  virtual std::vector<Descriptor> referrers(const BlobDigest& digest,
                                            const std::string& artifact_type = {}) = 0;
  /// Those of `wanted` that are not listed among the referrers of `subject`: as referrers() says,
  /// but a registry may know with fewer requests.
  virtual std::vector<Descriptor> missing_referrers(const BlobDigest& subject,
                                                    const std::vector<Descriptor>& wanted);
};

/// Reads an image's manifest. Throws Kind::input where it is not there, is an index, or is no
/// image's.
Manifest read_manifest(Repository& repository, const Descriptor& descriptor);

/// A verdict on an image: every claimed digest recomputed (manifest, config, layers, diffIDs,
/// sizes) and the config held against the layers. Empty `problems`: all holds.
struct Validation {
  std::vector<std::string> problems;
  std::uint64_t bytes = 0;  ///< read
};
Validation validate(Repository& repository, const Descriptor& manifest, const Cancel& cancel);

}  // namespace cullet::image
