// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/put_bytes.hpp"
#include "cullet/trust/signature.hpp"

#include "carrier.hpp"
#include "simple_signing.hpp"

namespace cullet::trust {

namespace {

std::optional<image::Manifest> legacy_manifest(image::Repository& repository,
                                               const BlobDigest& digest) {
  const auto tag = repository.find_tag(signature_tag(digest));
  if (!tag)
    return std::nullopt;
  const auto found = repository.find_manifest(tag->digest);
  if (!found)
    return std::nullopt;
  return image::Manifest::parse(found->bytes, cat(repository.name(), ":", signature_tag(digest)));
}

/// Whether a layer is this key's signature over exactly this payload.
bool holds(const image::Manifest& legacy, const std::string& payload, const PublicKey& key) {
  const BlobDigest want(sha256(payload));
  for (const auto& layer : legacy.layers) {
    const auto annotation = layer.annotations.find(std::string(kSignatureAnnotation));
    if (layer.digest != want || annotation == layer.annotations.end())
      continue;
    const auto signature = base64_decode(annotation->second);
    if (signature && key.verify(payload, *signature))
      return true;
  }
  return false;
}

bool sign_legacy(image::Repository& repository,
                 const image::Descriptor& manifest,
                 const PrivateKey& key,
                 const std::string& docker_reference) {
  const auto payload = simple_signing_payload(docker_reference, manifest.digest);
  auto legacy = legacy_manifest(repository, manifest.digest).value_or(image::Manifest{});
  if (holds(legacy, payload, key.public_key()))
    return false;
  auto layer = image::put_bytes(repository, payload, kSimpleSigningType);
  layer.annotations[std::string(kSignatureAnnotation)] = base64(key.sign(payload));
  legacy.layers.push_back(std::move(layer));
  Json diff_ids = Json::array();
  for (const auto& one : legacy.layers)
    diff_ids.push_back(one.digest.str());
  // Nobody reads this config, but clients expect one of an image's form.
  legacy.config =
      image::put_bytes(repository,
                       canonical({{"architecture", ""},
                                  {"config", Json::object()},
                                  {"created", "0001-01-01T00:00:00Z"},
                                  {"os", ""},
                                  {"rootfs", {{"diff_ids", diff_ids}, {"type", "layers"}}}}),
                       image::kConfigType);
  const auto bytes = legacy.serialize();
  const auto carrier = repository.put_manifest(bytes, std::string(image::kManifestType));
  repository.put_tag(signature_tag(manifest.digest), carrier, bytes);
  return true;
}

bool has_bundle(image::Repository& repository,
                const image::Descriptor& manifest,
                const PublicKey& key) {
  for (const auto& found : verify(repository, manifest, key).found)
    if (found.valid && found.format == "bundle v0.3")
      return true;
  return false;
}

bool sign_bundle(image::Repository& repository,
                 const image::Descriptor& manifest,
                 const PrivateKey& key) {
  if (has_bundle(repository, manifest, key.public_key()))
    return false;
  const auto bundle = make_bundle(key, manifest.digest, kSignPredicate, Json::object());
  put_bundle(repository, manifest, bundle, kSignPredicate);
  return true;
}

}  // namespace

std::string signature_tag(const BlobDigest& digest) {
  return cat("sha256-", digest.hex(), ".sig");
}

std::string simple_signing_payload(const std::string& docker_reference, const BlobDigest& digest) {
  return canonical({{"critical",
                     {{"identity", {{"docker-reference", docker_reference}}},
                      {"image", {{"docker-manifest-digest", digest.str()}}},
                      {"type", "cosign container image signature"}}},
                    {"optional", nullptr}});
}

bool sign(image::Repository& repository,
          const image::Descriptor& manifest,
          const PrivateKey& key,
          const std::string& docker_reference) {
  return with_context(cat("signing ", repository.name(), "@", manifest.digest), [&] {
    // The bundle first: readers of bundles fall back to the legacy one only where there is none.
    const bool bundled = sign_bundle(repository, manifest, key);
    const bool legacy = sign_legacy(repository, manifest, key, docker_reference);
    return bundled || legacy;
  });
}

bool is_signed(image::Repository& repository,
               const image::Descriptor& manifest,
               const PublicKey& key,
               const std::string& docker_reference) {
  const auto legacy = legacy_manifest(repository, manifest.digest);
  if (!legacy || !holds(*legacy, simple_signing_payload(docker_reference, manifest.digest), key))
    return false;
  for (const auto& referrer : repository.referrers(manifest.digest, std::string(kBundleType))) {
    if (claimed_predicate(referrer) == kSignPredicate)
      return true;
  }
  return false;
}

}  // namespace cullet::trust
