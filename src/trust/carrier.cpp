// SPDX-License-Identifier: Apache-2.0
#include "carrier.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/put_bytes.hpp"
#include "cullet/trust/signature.hpp"

namespace cullet::trust {

std::string read_bytes(image::Repository& repository,
                       const image::Descriptor& blob,
                       std::uint64_t limit) {
  if (blob.size > limit)
    throw Error(Kind::input, cat("it is larger than ", human_size(limit)));
  const auto source = repository.open_blob(blob);
  return read_all(*source, limit, blob.digest.str());
}

void put_bundle(image::Repository& repository,
                const image::Descriptor& subject,
                const std::string& bundle,
                std::string_view predicate_type) {
  image::Manifest carrier;
  carrier.artifact_type = kBundleType;
  carrier.config = image::put_bytes(repository, "{}", image::kEmptyType);
  carrier.layers = {image::put_bytes(repository, bundle, kBundleType)};
  carrier.subject = subject;
  carrier.subject->annotations.clear();
  carrier.annotations = {{"dev.sigstore.bundle.content", "dsse-envelope"},
                         {std::string(kPredicateAnnotation), std::string(predicate_type)},
                         {std::string(kInTotoAnnotation), std::string(predicate_type)}};
  repository.put_manifest(carrier.serialize(), std::string(image::kManifestType));
}

image::Descriptor carried_bundle(image::Repository& repository, const BlobDigest& carrier) {
  const auto found = repository.find_manifest(carrier);
  if (!found)
    throw Error(Kind::input, "its carrier is listed but not there");
  const auto manifest = image::Manifest::parse(found->bytes, carrier.str());
  if (manifest.layers.size() != 1)
    throw Error(Kind::input, "the carrier does not hold exactly one bundle");
  return manifest.layers[0];
}

void Allowance::take(std::uint64_t& left, std::uint64_t count) {
  if (count > left)
    throw Error(Kind::input, "it is not read: there is too much beside it");
  left -= count;
}

std::string claimed_predicate(const image::Descriptor& referrer) {
  for (const auto name : {kPredicateAnnotation, kInTotoAnnotation})
    if (const auto found = referrer.annotations.find(std::string(name));
        found != referrer.annotations.end())
      return found->second;
  return {};
}

}  // namespace cullet::trust
