// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"
#include "cullet/image/repository.hpp"

#include "verified_read.hpp"

namespace cullet::image {

namespace {

/// Beyond what any layer unfolds to; a bomb ends here.
constexpr std::uint64_t kMaxLayerBytes = std::uint64_t{256} << 30U;
constexpr int kMaxDepth = 4;

/// Reads each manifest and blob once, however often it is named: a few indexes that name each other
/// a thousand times would be as many manifests as their product.
class Validator {
 public:
  Validator(Repository& repository, const Cancel& cancel)
      : repository_(repository), cancel_(cancel) {}

  void manifest(const Descriptor& descriptor, int depth) {
    check(cat("manifest ", descriptor.digest),
          [&](const std::string& what) { read_manifest(descriptor, depth, what); });
  }

  Validation result;

 private:
  /// Counts what is read, and lets the work be stopped.
  class Counted final : public Source {
   public:
    Counted(Source& inner, Validator& owner) : inner_(inner), owner_(owner) {}
    std::size_t read(std::span<std::byte> into) override {
      owner_.cancel_.check();
      const auto count = inner_.read(into);
      owner_.result.bytes += count;
      size_ += count;
      return count;
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

   private:
    Source& inner_;
    Validator& owner_;
    std::uint64_t size_ = 0;
  };

  /// What reading something the first time has found; of what is named again, the rest of what its
  /// descriptor says is held against that. Without a size it failed, which has been said.
  struct Found {
    std::optional<std::uint64_t> size;
    std::string media_type;        ///< of a manifest
    std::vector<DiffId> diff_ids;  ///< of a config
    std::string head;              ///< of a layer: its first bytes
    Sha256 plain;                  ///< of a layer: what it unpacks to
  };
  using FoundByDigest = std::map<BlobDigest, Found>;

  /// Calls `read` the first time; null where it failed, then or now.
  template <class Read>
  static const Found* once(FoundByDigest& known, const BlobDigest& digest, const Read& read) {
    const auto [at, first] = known.try_emplace(digest);
    if (first)
      read(at->second);
    return at->second.size ? &at->second : nullptr;
  }

  void problem(std::string text) { result.problems.push_back(std::move(text)); }

  /// Wrong content is part of the verdict; a machine that fails, or an interrupt, is not.
  template <class Work>
  void check(const std::string& what, const Work& work) {
    try {
      work(what);
    } catch (const Error& error) {
      if (error.kind() != Kind::refused && error.kind() != Kind::input)
        throw;
      auto text = cat(what, ": ", error.message());
      for (const auto& detail : error.details())
        text += cat(" (", detail, ")");
      problem(std::move(text));
    }
  }

  void read_manifest(const Descriptor& descriptor, int depth, const std::string& what) {
    std::optional<Repository::ManifestBytes> fresh;
    const auto* found = once(manifests_, descriptor.digest, [&](Found& into) {
      cancel_.check();
      fresh = repository_.find_manifest(descriptor.digest);
      if (!fresh) {
        problem(what + " is missing");
        return;
      }
      result.bytes += fresh->bytes.size();
      if (const auto got = sha256(fresh->bytes); got != descriptor.digest)
        problem(cat(what, " hashes to ", got));
      into.size = fresh->bytes.size();
      into.media_type = fresh->media_type;
    });
    if (found == nullptr)
      return;
    size(descriptor, *found->size, what);
    if (found->media_type != descriptor.media_type)
      problem(
          cat(what, " is of type '", found->media_type, "', not '", descriptor.media_type, "'"));
    if (!fresh)
      return;
    if (is_index(found->media_type))
      index(Index::parse(fresh->bytes, what), depth, what);
    else
      image(Manifest::parse(fresh->bytes, what));
  }

  static bool is_index(std::string_view media_type) {
    return media_type == kIndexType || media_type == kDockerIndexType;
  }
  static bool is_image_config(std::string_view media_type) {
    return media_type == kConfigType ||
           media_type == "application/vnd.docker.container.image.v1+json";
  }

  void index(const Index& index, int depth, const std::string& what) {
    if (depth >= kMaxDepth) {
      problem(what + " nests indexes too deeply");
      return;
    }
    for (const auto& each : index.manifests)
      manifest(each, depth + 1);
  }

  void image(const Manifest& manifest) {
    if (!is_image_config(manifest.config.media_type)) {
      blob(manifest.config, "config");
      for (const auto& layer : manifest.layers)
        blob(layer, "blob");
      return;
    }
    const Found* config = nullptr;
    check(cat("config ", manifest.config.digest), [&](const std::string& what) {
      config = once(configs_, manifest.config.digest, [&](Found& into) {
        read_config(manifest, into, what);
      });
      if (config != nullptr)
        size(manifest.config, *config->size, what);
    });
    const auto count = config == nullptr ? 0 : config->diff_ids.size();
    if (config != nullptr && count != manifest.layers.size())
      problem(cat("the config lists ", count, " layers, the manifest ", manifest.layers.size()));
    for (std::size_t i = 0; i < manifest.layers.size(); ++i)
      layer(manifest.layers[i], i < count ? &config->diff_ids[i] : nullptr);
  }

  void read_config(const Manifest& manifest, Found& into, const std::string& what) {
    const auto source = repository_.open_blob(manifest.config);
    Counted counted(*source, *this);
    const auto config = Config::parse(read_all(counted, kMaxConfigBytes, what), what);
    for (const auto& layer : config.layers)
      into.diff_ids.push_back(layer.diff_id);
    into.size = counted.size();
  }

  void size(const Descriptor& blob, std::uint64_t got, const std::string& what) {
    if (got != blob.size)
      problem(cat(what, " has ", got, " bytes, not ", blob.size));
  }

  void blob(const Descriptor& blob, std::string_view role) {
    check(cat(role, " ", blob.digest), [&](const std::string& what) {
      const auto* found = once(blobs_, blob.digest, [&](Found& into) {
        const auto source = repository_.open_blob(blob);
        Counted counted(*source, *this);
        Sha256Hasher hasher;
        copy(counted, hasher);
        into.size = counted.size();
        if (const auto got = hasher.finish(); got != blob.digest)
          problem(cat(what, " hashes to ", got));
      });
      if (found != nullptr)
        size(blob, *found->size, what);
    });
  }

  /// Hashes what passes below the decompressor, and keeps its first bytes.
  class Hashed final : public Source {
   public:
    explicit Hashed(Source& inner) : inner_(inner) {}
    std::size_t read(std::span<std::byte> into) override {
      const auto count = inner_.read(into);
      hasher_.write(Bytes(into).first(count));
      if (head_.size() < kHead)
        head_ += as_text(Bytes(into).first(std::min(count, kHead - head_.size())));
      return count;
    }
    Sha256 finish() { return hasher_.finish(); }
    [[nodiscard]] const std::string& head() const { return head_; }

   private:
    static constexpr std::size_t kHead = 4;
    Source& inner_;
    std::string head_;
    Sha256Hasher hasher_;
  };

  /// Readers choose the decompressor by media type ("+zstd", "+gzip", Docker's ".gzip") and some by
  /// magic number: they must agree, or it depends on the reader whether the layer can be used.
  void compression(const Descriptor& blob, std::string_view text, const std::string& what) {
    const auto& type = blob.media_type;
    const bool zstd = text.starts_with("\x28\xb5\x2f\xfd"), gzip = text.starts_with("\x1f\x8b");
    const bool says_zstd = type.ends_with("zstd"), says_gzip = type.ends_with("gzip");
    if (type.find(".tar") != type.npos && (zstd != says_zstd || gzip != says_gzip))
      problem(cat(what, " is not compressed as its media type says: ", type));
  }

  void layer(const Descriptor& blob, const DiffId* diff_id) {
    check(cat("layer ", blob.digest), [&](const std::string& what) {
      const auto* found =
          once(layers_, blob.digest, [&](Found& into) { read_layer(blob, into, what); });
      if (found == nullptr)
        return;
      size(blob, *found->size, what);
      compression(blob, found->head, what);
      if (diff_id != nullptr && found->plain != *diff_id)
        problem(cat(what, " unpacks to ", found->plain, "; the config says ", *diff_id));
    });
  }

  void read_layer(const Descriptor& blob, Found& into, const std::string& what) {
    const auto source = repository_.open_blob(blob);
    Counted counted(*source, *this);
    Hashed compressed(counted);
    Sha256Hasher hasher;
    read_verified(counted, [&] {
      const auto plain = archive::decompress(compressed, kMaxLayerBytes, what);
      copy(*plain, hasher);
    });
    if (const auto got = compressed.finish(); got != blob.digest)
      problem(cat(what, " hashes to ", got));
    into.head = compressed.head();
    into.plain = hasher.finish();
    into.size = counted.size();
  }

  Repository& repository_;
  const Cancel& cancel_;
  FoundByDigest manifests_, configs_, blobs_, layers_;
};

}  // namespace

Validation validate(Repository& repository, const Descriptor& manifest, const Cancel& cancel) {
  Validator validator(repository, cancel);
  validator.manifest(manifest, 0);
  return std::move(validator.result);
}

}  // namespace cullet::image
