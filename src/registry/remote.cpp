// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/remote.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/image_name.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/tag.hpp"

#include "blob_source.hpp"
#include "connection.hpp"
#include "failure.hpp"
#include "link.hpp"
#include "manifest_types.hpp"
#include "referrers.hpp"
#include "upload.hpp"

namespace cullet::registry {
namespace {

using image::Descriptor;

constexpr std::size_t kMaxTags = 1'000'000;
constexpr int kMaxPages = 1'000;

class Remote final : public image::Repository {
 public:
  Remote(http::Client& client,
         const Reference& reference,
         const RemoteOptions& options,
         const Cancel& cancel)
      : name_(reference.name()),
        connection_(client, reference, options, cancel),
        referrers_(connection_) {}

  [[nodiscard]] std::string name() const override { return name_; }

  std::optional<Descriptor> find_tag(const std::string& tag) override;
  std::vector<std::string> tags() override;
  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override;
  bool has_manifest(const BlobDigest& digest) override;
  bool has_blob(const Descriptor& blob) override;
  std::unique_ptr<Source> open_blob(const Descriptor& blob) override {
    return open_blob_source(connection_, blob);
  }
  void check_writable() override { check_upload(connection_); }
  void put_blob(const Descriptor& blob, const image::BlobOrigin& origin) override;
  Descriptor put_manifest(const std::string& bytes, const std::string& media_type) override;
  void put_tag(const std::string& tag,
               const Descriptor& manifest,
               const std::string& bytes) override;
  std::vector<Descriptor> referrers(const BlobDigest& digest,
                                    const std::string& artifact_type) override {
    return referrers_.list(digest, artifact_type);
  }
  std::vector<Descriptor> missing_referrers(const BlobDigest& subject,
                                            const std::vector<Descriptor>& wanted) override {
    return referrers_.missing(subject, wanted);
  }

 private:
  Call manifest_call(std::string method, const std::string& reference) const;
  http::Response put_bytes(const std::string& reference,
                           const std::string& bytes,
                           const std::string& media_type);
  /// The manifest under a tag or digest, whole; nullopt when absent.
  std::optional<http::Response> get_manifest(const std::string& reference);
  std::optional<std::vector<std::string>> list_tags();
  bool hides_absence(const std::string& tag);

  const std::string name_;
  Connection connection_;
  Referrers referrers_;
  std::mutex mutex_;
  std::set<BlobDigest> absent_;  // asked for a moment ago: put_blob() needn't ask again
};

/// The subject of a manifest or index; `listed` becomes its entry among the referrers, which are
/// told apart by artifactType, and by their config's type where they have none.
std::optional<BlobDigest> subject_of(const std::string& bytes, Descriptor& listed) {
  const auto what = cat("manifest ", listed.digest);
  const auto json = parse_json(bytes, what, image::kMaxManifestBytes);
  if (!json.is_object() || !json.contains("subject"))
    return std::nullopt;
  const auto subject = Descriptor::parse(json["subject"], what + ", subject");
  listed.artifact_type = optional_string(json, "artifactType", what);
  if (listed.artifact_type.empty() && json.contains("config"))
    listed.artifact_type = optional_string(object_at(json, "config", what), "mediaType", what);
  if (json.contains("annotations"))
    for (const auto& [key, value] : object_at(json, "annotations", what).items())
      if (value.is_string())
        listed.annotations[key] = value.get<std::string>();
  return subject.digest;
}

Call Remote::manifest_call(std::string method, const std::string& reference) const {
  Call call;
  call.method = std::move(method);
  call.url = connection_.url("manifests/" + reference);
  call.headers = accept_manifests();
  return call;
}

std::optional<Descriptor> Remote::find_tag(const std::string& tag) {
  image::require_tag(tag);  // it becomes part of a URL
  const auto response = connection_.send(manifest_call("HEAD", tag));
  if (response.status == 404 || (response.status == 403 && hides_absence(tag)))
    return std::nullopt;
  const auto header = response.header("docker-content-digest");
  const auto length = response.header("content-length");
  const auto digest = header ? BlobDigest::parse(*header) : std::nullopt;
  const auto size = length ? parse_number(*length) : std::nullopt;
  if (response.status == 200 && digest && size && *size > 0)
    return Descriptor{.media_type = manifest_type(response),
                      .digest = *digest,
                      .size = *size,
                      .artifact_type = {},
                      .annotations = {}};
  if (response.status / 100 != 2 && response.status != 405)
    throw unexpected(cat("look for ", name_, ":", tag), connection_.host(), response);
  // Only the digest that the bytes have is sure where the header says none or one of another kind.
  const auto whole = get_manifest(tag);
  return whole ? std::optional(Descriptor::of(whole->body, manifest_type(*whole))) : std::nullopt;
}

/// Artifactory answers 403 for a tag that doesn't exist (cosign#2973). It is so if the tags can be
/// listed and this one is not among them.
bool Remote::hides_absence(const std::string& tag) {
  const auto all = list_tags();
  return all && !std::binary_search(all->begin(), all->end(), tag);
}

std::vector<std::string> Remote::tags() {
  auto all = list_tags();
  if (!all)
    throw Error(Kind::machine, cat("cannot list the tags of ", name_, ": permission denied"))
        .hint(cat("log in with `docker login ",
                  connection_.host(),
                  "` or `podman login ",
                  connection_.host(),
                  "`"));
  return std::move(*all);
}

std::optional<std::vector<std::string>> Remote::list_tags() {
  std::set<std::string> found;
  Call call;
  // ECR refuses more than a thousand at once.
  call.url = connection_.url("tags/list").with_query("n=1000");
  for (int page = 0; page < kMaxPages && found.size() < kMaxTags; ++page) {
    const auto response = connection_.send(call);
    if (response.status == 404)
      break;
    if (response.status == 403)
      return std::nullopt;
    if (response.status != 200)
      throw unexpected(cat("list the tags of ", name_), connection_.host(), response);
    const auto what = cat("the list of tags of ", name_);
    const auto json = parse_json(response.body, what, std::uint64_t{8} << 20U);
    const auto list = json.is_object() ? json.find("tags") : json.end();
    if (list == json.end())
      throw Error(Kind::machine, cat(what, " holds no tags"));
    for (const auto& tag : *list)  // null is what distribution says of none
      if (tag.is_string() && is_tag(tag.get_ref<const std::string&>()))
        found.insert(tag.get<std::string>());
    const auto next = next_link(response.headers);
    if (!next)
      break;
    call.url = connection_.resolve(response, *next);
  }
  return std::vector<std::string>(found.begin(), found.end());
}

std::optional<http::Response> Remote::get_manifest(const std::string& reference) {
  auto response = connection_.send(manifest_call("GET", reference));
  if (response.status == 404)
    return std::nullopt;
  if (response.status != 200)
    throw unexpected(cat("read manifest ", reference, " of ", name_), connection_.host(), response);
  if (response.body.size() > image::kMaxManifestBytes)
    throw Error(Kind::input,
                cat("manifest ",
                    reference,
                    " of ",
                    name_,
                    " is larger than ",
                    human_size(image::kMaxManifestBytes)));
  return response;
}

std::optional<image::Repository::ManifestBytes> Remote::find_manifest(const BlobDigest& digest) {
  auto response = get_manifest(digest.str());
  if (!response)
    return std::nullopt;
  if (const auto got = sha256(response->body); got != digest)
    throw Error(Kind::refused, cat("manifest ", digest, " of ", name_, " hashes to ", got))
        .hint("the registry or a proxy before it changed the manifest: do not use it");
  auto type = manifest_type(*response);
  return ManifestBytes{.bytes = std::move(response->body), .media_type = std::move(type)};
}

bool Remote::has_manifest(const BlobDigest& digest) {
  const auto response = connection_.send(manifest_call("HEAD", digest.str()));
  if (response.status == 405)
    return get_manifest(digest.str()).has_value();
  if (response.status / 100 != 2 && response.status != 404)
    throw unexpected(
        cat("look for manifest ", digest, " of ", name_), connection_.host(), response);
  return response.status != 404;
}

bool Remote::has_blob(const Descriptor& blob) {
  const bool there = blob_exists(connection_, blob);
  const std::lock_guard lock(mutex_);
  if (there)
    absent_.erase(blob.digest);
  else
    absent_.insert(blob.digest);
  return there;
}

void Remote::put_blob(const Descriptor& blob, const image::BlobOrigin& origin) {
  bool known_absent = false;
  {
    const std::lock_guard lock(mutex_);
    known_absent = absent_.erase(blob.digest) != 0;
  }
  if (known_absent || !blob_exists(connection_, blob))
    upload_blob(connection_, blob, origin);
}

http::Response Remote::put_bytes(const std::string& reference,
                                 const std::string& bytes,
                                 const std::string& media_type) {
  if (bytes.size() > image::kMaxManifestBytes)
    throw Error(Kind::input,
                cat("a manifest of ",
                    human_size(bytes.size()),
                    " is more than the ",
                    human_size(image::kMaxManifestBytes),
                    " that registries take"));
  Call call;
  call.method = "PUT";
  call.url = connection_.url("manifests/" + reference);
  call.headers.emplace("content-type", media_type);
  call.body = [&bytes] { return std::make_unique<MemorySource>(bytes); };
  call.body_size = bytes.size();
  call.scope.push = true;
  auto response = connection_.send(call);
  if (response.status / 100 != 2)
    throw unexpected(cat("push manifest ", reference, " to ", name_), connection_.host(), response);
  const auto claimed = response.header("docker-content-digest");
  const auto digest = claimed ? BlobDigest::parse(*claimed) : std::nullopt;
  if (digest && *digest != sha256(bytes))
    throw Error(Kind::refused,
                cat(connection_.host(), " stored manifest ", sha256(bytes), " as ", *digest));
  return response;
}

Descriptor Remote::put_manifest(const std::string& bytes, const std::string& media_type) {
  const auto descriptor = Descriptor::of(bytes, media_type);
  const auto response = put_bytes(descriptor.digest.str(), bytes, media_type);
  auto listed = descriptor;
  const auto subject = subject_of(bytes, listed);
  if (subject && !response.header("oci-subject"))
    referrers_.add_to_fallback(*subject, listed);
  return descriptor;
}

void Remote::put_tag(const std::string& tag, const Descriptor& manifest, const std::string& bytes) {
  image::require_tag(tag);
  put_bytes(tag, bytes, manifest.media_type);
}

}  // namespace

std::unique_ptr<image::Repository> open_remote(http::Client& client,
                                               const Reference& reference,
                                               const RemoteOptions& options,
                                               const Cancel& cancel) {
  return std::make_unique<Remote>(client, reference, options, cancel);
}

}  // namespace cullet::registry
