// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/kept_inputs.hpp"

#include "cullet/base/error.hpp"
#include "cullet/image/manifest.hpp"

namespace cullet::build {

namespace {

void bring(store::Store& store, image::Repository& from, const image::Descriptor& blob) {
  const auto source = from.open_blob(blob);
  auto writer = store.new_blob();
  copy(*source, writer);
  writer.commit_as(blob.digest, "a kept input");
}

}  // namespace

std::string KeptInputs::commit_tag(const std::string& commit, bool change) {
  return cat(change ? "change-" : "commit-", commit);
}

std::string KeptInputs::archive_tag(const Sha256& digest) {
  return cat("archive-", digest.hex());
}

image::Repository* KeptInputs::repository() {
  const std::lock_guard lock(mutex_);
  if (!opened_) {
    opened_ = true;
    repository_ = open_();
  }
  return repository_.get();
}

/// What `work` gives; nothing where it fails. Bytes that are refused are no reason to stop asking
/// for others.
template <class Work>
std::invoke_result_t<Work> KeptInputs::attempt(const Context& context, const Work& work) {
  if (failed_)
    return {};
  try {
    return work();
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted || error.kind() == Kind::internal)
      throw;
    if (error.kind() == Kind::machine && !failed_.exchange(true))
      context.observer.note(cat("kept inputs are not asked any more: ", error.message()));
    return {};
  }
}

std::optional<image::Descriptor> KeptInputs::find(const std::string& tag) {
  auto* from = repository();
  if (from == nullptr)
    return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto tagged = from->find_tag(tag);
  const auto found = tagged ? from->find_manifest(tagged->digest) : std::nullopt;
  if (!found)
    return std::nullopt;
  const auto manifest = image::Manifest::parse(found->bytes, cat(from->name(), ":", tag));
  if (manifest.layers.size() != 1)
    throw Error(Kind::input, cat(from->name(), ":", tag, " does not hold exactly one input"));
  return manifest.layers[0];
}

bool KeptInputs::bring_package(const Context& context, const environment::LockedPackage& package) {
  return attempt(context, [&] {
    auto* from = repository();
    const image::Descriptor blob{"application/octet-stream", package.sha256, package.size, {}, {}};
    // Asked for before it is read: what is absent and what is wrong are refused alike.
    if (from == nullptr || !from->has_blob(blob))
      return false;
    bring(context.store, *from, blob);
    return true;
  });
}

bool KeptInputs::bring_archive(const Context& context, const BlobDigest& digest) {
  return attempt(context, [&] {
    const auto blob = find(archive_tag(digest));
    if (!blob || blob->digest != digest)
      return false;
    bring(context.store, *repository(), *blob);
    return true;
  });
}

std::unique_ptr<Source> KeptInputs::open_commit(const Context& context,
                                                const std::string& commit,
                                                bool change) {
  return attempt(context, [&]() -> std::unique_ptr<Source> {
    const auto blob = find(commit_tag(commit, change));
    return blob ? repository()->open_blob(*blob) : nullptr;
  });
}

}  // namespace cullet::build
