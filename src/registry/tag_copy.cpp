// SPDX-License-Identifier: Apache-2.0
#include "tag_copy.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/image/put_bytes.hpp"

namespace cullet::registry {
namespace {

using image::Descriptor;
using image::Manifest;

// cosign's own limit for one tag.
constexpr std::size_t kMaxSignatures = 1000;

/// The manifest that carries signatures.
Manifest carrier_at(image::Repository& repository, const Descriptor& descriptor) {
  return Manifest::parse(Transfer::read(repository, descriptor).bytes,
                         cat("manifest ", descriptor.digest));
}

/// The config lists each layer's diffID, which is its digest because signatures are not compressed.
std::string extended_config(image::Repository& repository,
                            const Descriptor& config,
                            const std::vector<Descriptor>& added) {
  const auto source = repository.open_blob(config);
  const auto what = cat("config ", config.digest);
  auto bytes = read_all(*source, image::kMaxConfigBytes, what);
  auto json = parse_json(bytes, what, image::kMaxConfigBytes);
  const Json::json_pointer list("/rootfs/diff_ids");
  if (!json.is_object() || !json.contains(list) || !json[list].is_array())
    return bytes;
  for (const auto& layer : added)
    json[list].push_back(layer.digest.str());
  if (json.contains("history") && json["history"].is_array())
    for (const auto& layer : added)
      json["history"].push_back({{"created_by", cat("signature ", layer.digest.hex())}});
  return canonical(json);
}

bool merge(image::Repository& from,
           image::Repository& to,
           const std::string& tag,
           const Descriptor& source,
           const Descriptor& target,
           Transfer& transfer) {
  auto merged = carrier_at(to, target);
  std::vector<Descriptor> added;
  for (auto& layer : carrier_at(from, source).layers)
    if (std::find(merged.layers.begin(), merged.layers.end(), layer) == merged.layers.end())
      added.push_back(std::move(layer));
  if (added.empty())
    return false;
  if (merged.layers.size() + added.size() > kMaxSignatures)
    throw Error(Kind::machine,
                cat(to.name(), ":", tag, " would hold more than ", kMaxSignatures, " signatures"));
  transfer.copy_blobs(added);
  merged.config =
      image::put_bytes(to, extended_config(to, merged.config, added), merged.config.media_type);
  merged.layers.insert(merged.layers.end(), added.begin(), added.end());
  const auto bytes = merged.serialize();
  const auto type = std::string(image::kManifestType);
  to.put_manifest(bytes, type);
  to.put_tag(tag, Descriptor::of(bytes, type), bytes);
  return true;
}

}  // namespace

bool copy_signature_tag(image::Repository& from,
                        image::Repository& to,
                        const std::string& tag,
                        Transfer& transfer) {
  const auto source = from.find_tag(tag);
  if (!source)
    return false;
  const auto target = to.find_tag(tag);
  if (target && target->digest == source->digest)
    return false;
  return with_context(cat("copying the signatures under ", tag), [&] {
    if (target)
      return merge(from, to, tag, *source, *target, transfer);
    transfer.copy(*source);
    const auto found = Transfer::read(from, *source);
    to.put_tag(tag, Descriptor::of(found.bytes, found.media_type), found.bytes);
    return true;
  });
}

}  // namespace cullet::registry
