// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cullet/build/build.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::build {

/// A repository that inputs of many images are kept in, where a build looks before it asks
/// upstream. A package is a blob that is asked for by its digest: one request, and none for what
/// the store has. Commits and archives, whose size nothing states, are found by a tag:
///   commit-<40 hex>, change-<40 hex>, archive-<64 hex>   an artifact with the one blob
/// so that the repository needs no listing. keep_inputs() also puts the images' inputs artifacts
/// there: a registry collects blobs that no manifest names.
///
/// Everything from there is verified by digest or commit id. Being without it is no error: what it
/// has not got comes from upstream, and one that fails is noted and not asked again. Thread-safe.
class KeptInputs {
 public:
  using Open = std::function<std::unique_ptr<image::Repository>()>;
  /// `open` is called when something is first missing; null: there is none.
  explicit KeptInputs(Open open) : open_(std::move(open)) {}

  /// Brings a blob into the store; false where that failed.
  bool bring_package(const Context& context, const environment::LockedPackage& package);
  bool bring_archive(const Context& context, const BlobDigest& digest);
  /// A commit's packed objects; null where there are none. To be read while this lives.
  std::unique_ptr<Source> open_commit(const Context& context,
                                      const std::string& commit,
                                      bool change);

  static std::string commit_tag(const std::string& commit, bool change);
  static std::string archive_tag(const Sha256& digest);

 private:
  image::Repository* repository();
  std::optional<image::Descriptor> find(const std::string& tag);
  template <class Work>
  std::invoke_result_t<Work> attempt(const Context& context, const Work& work);

  Open open_;
  std::mutex mutex_;  ///< of manifests and tags
  bool opened_ = false;
  std::unique_ptr<image::Repository> repository_;
  std::atomic<bool> failed_ = false;
};

}  // namespace cullet::build
