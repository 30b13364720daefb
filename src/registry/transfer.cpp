// SPDX-License-Identifier: Apache-2.0
#include "transfer.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/registry/copy.hpp"
#include "cullet/registry/reference.hpp"

#include "manifest_types.hpp"

namespace cullet::registry {
namespace {

using image::Descriptor;

// All manifests of one image are held in memory until its blobs are there.
constexpr std::uint64_t kMaxManifests = std::uint64_t{16} << 20U;
constexpr unsigned kMaxDepth = 4;

/// The repository's name in the registry that both are in; empty where they are not in one.
std::string mount_name(const image::Repository& from, const image::Repository& to) {
  return in_one_registry(from, to) ? Reference::parse(from.name()).repository : std::string();
}

/// Layers that must not be distributed; registries refuse them and clients fetch them elsewhere.
bool is_foreign(const Descriptor& blob) {
  return blob.media_type.find("nondistributable") != std::string::npos ||
         blob.media_type.find("foreign") != std::string::npos;
}

/// Blobs on their way, several at once.
class BlobPump {
 public:
  BlobPump(image::Repository& from,
           image::Repository& to,
           const CopyOptions& options,
           const Cancel& cancel,
           std::string mount_from,
           const std::vector<Descriptor>& blobs)
      : from_(from),
        to_(to),
        options_(options),
        cancel_(cancel),
        mount_from_(std::move(mount_from)),
        blobs_(blobs),
        done_(blobs.size()) {
    for (const auto& blob : blobs)
      total_ += blob.size;
  }

  void run(CopyReport& report) {
    in_parallel(blobs_.size(), options_.parallel, [this](std::size_t index) { work(index); });
    report.blobs_sent += report_.blobs_sent;
    report.blobs_present += report_.blobs_present;
    report.bytes_sent += report_.bytes_sent;
    if (error_)
      std::rethrow_exception(error_);
  }

 private:
  /// Counts what is read, so that progress is seen, and stops when another blob failed.
  class Counted final : public Source {
   public:
    Counted(BlobPump& pump, std::size_t index, std::unique_ptr<Source> inner)
        : pump_(pump), index_(index), inner_(std::move(inner)) {}
    std::size_t read(std::span<std::byte> into) override {
      pump_.cancel_.check();
      if (pump_.stop_)
        throw Error(Kind::interrupted, "another blob could not be copied");
      const auto count = inner_->read(into);
      pump_.advance(index_, at_ += count);
      return count;
    }

   private:
    BlobPump& pump_;
    std::size_t index_;
    std::unique_ptr<Source> inner_;
    std::uint64_t at_ = 0;
  };

  void work(std::size_t index) {
    if (stop_)
      return;
    const auto& blob = blobs_[index];
    try {
      with_context(
          [&] { return cat("copying blob ", blob.digest, " (", human_size(blob.size), ")"); },
          [&] { copy(index); });
    } catch (...) {
      // The first failure is the one to tell; others may be its consequences.
      if (!stop_.exchange(true))
        error_ = std::current_exception();
    }
  }

  void copy(std::size_t index) {
    cancel_.check();
    const auto& blob = blobs_[index];
    bool present = to_.has_blob(blob);
    if (!present) {
      std::atomic<bool> opened = false;
      image::BlobOrigin origin;
      origin.open = [&] {
        opened = true;
        return std::make_unique<Counted>(*this, index, from_.open_blob(blob));
      };
      origin.file = from_.blob_file(blob);
      origin.mount_from = mount_from_;
      to_.put_blob(blob, origin);
      // Mounted: where that may be, nothing is hard-linked.
      present = !opened && (origin.file.empty() || !mount_from_.empty());
    }
    advance(index, blob.size);
    const std::lock_guard lock(mutex_);
    ++(present ? report_.blobs_present : report_.blobs_sent);
    report_.bytes_sent += present ? 0 : blob.size;
  }

  void advance(std::size_t index, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    sum_ = sum_ - done_[index] + bytes;
    done_[index] = bytes;
    if (options_.progress)
      options_.progress(sum_, total_);
  }

  image::Repository& from_;
  image::Repository& to_;
  const CopyOptions& options_;
  const Cancel& cancel_;
  const std::string mount_from_;
  const std::vector<Descriptor>& blobs_;

  std::atomic<bool> stop_ = false;
  std::exception_ptr error_;
  std::mutex mutex_;
  std::vector<std::uint64_t> done_;
  std::uint64_t sum_ = 0, total_ = 0;
  CopyReport report_;
};

}  // namespace

Transfer::Transfer(image::Repository& from,
                   image::Repository& to,
                   const CopyOptions& options,
                   const Cancel& cancel,
                   CopyReport& report)
    : from_(from),
      to_(to),
      options_(options),
      cancel_(cancel),
      report_(report),
      mount_from_(mount_name(from, to)) {}

image::Repository::ManifestBytes Transfer::read(image::Repository& repository,
                                                const Descriptor& manifest) {
  auto found = repository.find_manifest(manifest.digest);
  if (!found)
    throw Error(Kind::refused, cat("manifest ", manifest.digest, " is not in ", repository.name()));
  if (found->bytes.size() != manifest.size)
    throw Error(Kind::refused,
                cat("manifest ",
                    manifest.digest,
                    " has ",
                    found->bytes.size(),
                    " bytes, not the ",
                    manifest.size,
                    " that refer to it"));
  return std::move(*found);
}

void Transfer::copy(const Descriptor& manifest, bool again) {
  with_context([&] { return cat("copying ", manifest.digest, " to ", to_.name()); },
               [&] {
                 Batch batch;
                 collect(manifest, again, 0, batch);
                 copy_blobs(batch.blobs);
                 for (const auto& each : batch.manifests) {
                   cancel_.check();
                   to_.put_manifest(each.bytes, each.media_type);
                 }
               });
}

void Transfer::copy_blobs(const std::vector<Descriptor>& blobs) {
  if (!blobs.empty())
    BlobPump(from_, to_, options_, cancel_, mount_from_, blobs).run(report_);
}

void Transfer::collect(const Descriptor& manifest, bool again, unsigned depth, Batch& batch) {
  cancel_.check();
  if (!batch.seen.insert(manifest.digest).second)
    return;
  const bool there = to_.has_manifest(manifest.digest);
  // Nothing puts a manifest before its parts: they were there, too.
  const bool whole = there && !options_.thorough;
  if (whole && !again)
    return;
  auto found = read(from_, manifest);
  batch.manifest_bytes += found.bytes.size();
  if (batch.manifest_bytes > kMaxManifests)
    throw Error(Kind::input,
                cat("the manifests of one image hold more than ", human_size(kMaxManifests)));
  const auto what = cat("manifest ", manifest.digest);
  if (!whole && is_index_type(found.media_type)) {
    if (depth == kMaxDepth)
      throw Error(Kind::input, cat("indexes are nested deeper than ", kMaxDepth));
    for (const auto& child : image::Index::parse(found.bytes, what).manifests)
      collect(child, false, depth + 1, batch);
  } else if (!whole && is_manifest_type(found.media_type)) {
    const auto image = image::Manifest::parse(found.bytes, what);
    add_blob(image.config, batch);
    for (const auto& layer : image.layers)
      add_blob(layer, batch);
  } else if (!there) {
    throw Error(Kind::input,
                cat(what,
                    " has the media type '",
                    printable(found.media_type),
                    "', which cullet can't copy"));
  }
  if (!there || again)
    batch.manifests.push_back(std::move(found));
}

void Transfer::add_blob(const Descriptor& blob, Batch& batch) {
  if (!batch.seen.insert(blob.digest).second)
    return;
  if (is_foreign(blob) && !from_.has_blob(blob))
    return;
  batch.blobs.push_back(blob);
}

}  // namespace cullet::registry
