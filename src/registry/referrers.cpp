// SPDX-License-Identifier: Apache-2.0
#include "referrers.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/backoff.hpp"

#include "failure.hpp"
#include "link.hpp"
#include "manifest_types.hpp"

namespace cullet::registry {
namespace {

using image::Descriptor;

constexpr std::size_t kMaxReferrers = 10'000;
constexpr std::size_t kMaxPages = 100;
/// Types that entries wrongly have in place of the artifact's own: old go-containerregistry took
/// the config's type, Azure loses it.
constexpr std::size_t kMaxMended = 50;

std::string fallback_tag(const BlobDigest& subject) {
  return "sha256-" + subject.hex();
}

bool is_index(const http::Response& response) {
  const auto type = response.header("content-type").value_or("");
  return trim(std::string_view(type).substr(0, type.find(';'))) == image::kIndexType;
}

std::vector<Descriptor> readable(const Json& index) {
  std::vector<Descriptor> result;
  const auto manifests = index.find("manifests");
  if (manifests == index.end() || !manifests->is_array())
    return result;
  for (const auto& entry : *manifests) {
    if (result.size() == kMaxReferrers)
      break;
    if (auto found = Descriptor::try_parse(entry))
      result.push_back(std::move(*found));
  }
  return result;
}

void sort_unique(std::vector<Descriptor>& referrers) {
  const auto digest = [](const Descriptor& descriptor) { return descriptor.digest; };
  std::ranges::stable_sort(referrers, {}, digest);
  const auto same = [](const Descriptor& a, const Descriptor& b) { return a.digest == b.digest; };
  // std::ranges::unique() is more than clang 14 can parse of libstdc++ 12.
  referrers.erase(std::unique(referrers.begin(), referrers.end(), same), referrers.end());
}

bool may_be_mislabelled(const std::string& type) {
  return type.empty() || type == image::kEmptyType || type == image::kConfigType ||
         type == image::kManifestType;
}

/// Adds or mends an entry; false when it is there as it should be. Others' entries stay as they
/// are, members that cullet doesn't know included.
bool insert(Json& manifests, const Json& entry) {
  const auto same = std::find_if(manifests.begin(), manifests.end(), [&](const Json& other) {
    return other.is_object() && other.contains("digest") && other["digest"] == entry["digest"];
  });
  if (same == manifests.end())
    manifests.push_back(entry);
  else if (*same != entry)
    *same = entry;
  else
    return false;
  return true;
}

std::vector<Descriptor> absent(const std::vector<Descriptor>& wanted,
                               const std::vector<Descriptor>& listed) {
  std::set<BlobDigest> have;
  for (const auto& referrer : listed)
    have.insert(referrer.digest);
  std::vector<Descriptor> result;
  std::copy_if(
      wanted.begin(), wanted.end(), std::back_inserter(result), [&](const Descriptor& referrer) {
        return !have.contains(referrer.digest);
      });
  return result;
}

}  // namespace

std::vector<Descriptor> Referrers::list(const BlobDigest& subject,
                                        const std::string& artifact_type) {
  auto found = from_api(subject, artifact_type);
  // Nothing may also mean that the API is younger than the referrers, or that a proxy made the
  // answer up (sigstore-js#1187).
  if (!found || found->empty())
    found = from_fallback(subject);
  sort_unique(*found);
  if (artifact_type.empty())
    return std::move(*found);
  std::size_t mended = 0;
  for (auto& referrer : *found)
    if (referrer.artifact_type != artifact_type && may_be_mislabelled(referrer.artifact_type) &&
        mended++ < kMaxMended)
      mend_type(referrer);
  std::erase_if(
      *found, [&](const Descriptor& referrer) { return referrer.artifact_type != artifact_type; });
  return std::move(*found);
}

std::vector<Descriptor> Referrers::missing(const BlobDigest& subject,
                                           const std::vector<Descriptor>& wanted) {
  // distribution has no referrers API to this day; asking for it would cost a request for nothing.
  if (no_api_ || connection_.is_distribution()) {
    auto rest = absent(wanted, from_fallback(subject));
    if (no_api_ || rest.empty())
      return rest;
    const auto listed = from_api(subject, {});
    return listed ? absent(rest, *listed) : rest;
  }
  return absent(wanted, list(subject, {}));
}

std::optional<std::vector<Descriptor>> Referrers::from_api(const BlobDigest& subject,
                                                           const std::string& artifact_type) {
  if (no_api_)
    return std::nullopt;
  Call call;
  call.url = connection_.url("referrers/" + subject.str());
  call.headers.emplace("accept", image::kIndexType);
  if (!artifact_type.empty())
    call.url = call.url.with_query("artifactType=" + percent_encode(artifact_type));
  std::vector<Descriptor> result;
  for (std::size_t page = 0; page < kMaxPages && result.size() < kMaxReferrers; ++page) {
    const auto response = connection_.send(call);
    if (response.status == 401 || response.status == 429 || http::is_transient(response.status))
      throw unexpected(cat("list what refers to ", subject), connection_.host(), response);
    auto entries = read_page(response);
    if (!entries) {
      no_api_ = page == 0;
      return std::nullopt;
    }
    std::move(entries->begin(), entries->end(), std::back_inserter(result));
    const auto next = next_link(response.headers);
    if (!next)
      break;
    call.url = connection_.resolve(response, *next);
  }
  return result;
}

std::optional<std::vector<Descriptor>> Referrers::read_page(const http::Response& response) {
  if (response.status != 200 || !is_index(response))
    return std::nullopt;
  const auto index = parse_json(response.body,
                                cat("the referrers that ", connection_.host(), " lists"),
                                image::kMaxManifestBytes);
  return index.is_object() ? std::optional(readable(index)) : std::nullopt;
}

Referrers::Fallback Referrers::read_fallback(const BlobDigest& subject) {
  Call call;
  call.url = connection_.url("manifests/" + fallback_tag(subject));
  call.headers.emplace("accept", image::kIndexType);
  const auto response = connection_.send(call);
  Fallback fallback;
  if (response.status == 404) {
    fallback.index = {
        {"schemaVersion", 2}, {"mediaType", image::kIndexType}, {"manifests", Json::array()}};
    return fallback;
  }
  const auto tag = fallback_tag(subject);
  if (response.status != 200)
    throw unexpected(
        cat("read ", connection_.repository(), ":", tag), connection_.host(), response);
  const auto what = cat(connection_.host(), "/", connection_.repository(), ":", tag);
  fallback.index = parse_json(response.body, what, image::kMaxManifestBytes);
  array_at(fallback.index, "manifests", what);
  fallback.etag = response.header("etag").value_or("");
  return fallback;
}

std::vector<Descriptor> Referrers::from_fallback(const BlobDigest& subject) {
  return readable(read_fallback(subject).index);
}

void Referrers::add_to_fallback(const BlobDigest& subject, const Descriptor& referrer) {
  http::Backoff backoff(connection_.client().options(), connection_.cancel());
  const auto entry = referrer.to_json();
  do {
    auto fallback = read_fallback(subject);
    if (!insert(fallback.index["manifests"], entry))
      return;
    write_fallback(subject, fallback);
    // A writer that read before us may have written after us.
    if (!insert(read_fallback(subject).index["manifests"], entry))
      return;
  } while (backoff.wait());
  throw Error(Kind::machine,
              cat("cannot list ",
                  referrer.digest,
                  " as a referrer of ",
                  subject,
                  ": others keep changing ",
                  connection_.repository(),
                  ":",
                  fallback_tag(subject)))
      .hint("run the command again");
}

void Referrers::write_fallback(const BlobDigest& subject, const Fallback& fallback) {
  const auto bytes = canonical(fallback.index);
  if (bytes.size() > image::kMaxManifestBytes)
    throw Error(Kind::machine,
                cat("the list of what refers to ",
                    subject,
                    " outgrows ",
                    human_size(image::kMaxManifestBytes)));
  Call call;
  call.method = "PUT";
  call.url = connection_.url("manifests/" + fallback_tag(subject));
  call.headers.emplace("content-type", image::kIndexType);
  if (!fallback.etag.empty() && !fallback.etag.starts_with("W/"))
    call.headers.emplace("if-match", fallback.etag);
  call.body = [&bytes] { return std::make_unique<MemorySource>(bytes); };
  call.body_size = bytes.size();
  call.scope.push = true;
  const auto response = connection_.send(call);
  // 412: it was changed meanwhile, which reading it again shows.
  if (response.status == 412 || response.status / 100 == 2)
    return;
  auto error = unexpected(cat("change ", connection_.repository(), ":", fallback_tag(subject)),
                          connection_.host(),
                          response);
  throw std::move(error).hint(
      "the registry has no referrers API, so this tag lists them: exempt tags that begin with "
      "'sha256-' from being immutable");
}

void Referrers::mend_type(Descriptor& referrer) {
  Call call;
  call.url = connection_.url("manifests/" + referrer.digest.str());
  call.headers = accept_manifests();
  const auto response = connection_.send(call);
  if (response.status != 200 || sha256(response.body) != referrer.digest)
    return;
  if (auto manifest = image::Manifest::try_parse(response.body))
    referrer.artifact_type = std::move(manifest->artifact_type);
}

}  // namespace cullet::registry
