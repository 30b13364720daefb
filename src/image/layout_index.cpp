// SPDX-License-Identifier: Apache-2.0
#include "layout_index.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/image/oci_layout.hpp"

#include "fields.hpp"

namespace cullet::image {

namespace {

/// Room for some hundred thousand tags.
constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{64} << 20U;

/// Nullopt for an entry without a tag.
std::optional<std::string> tag_of(const Json& entry) {
  const auto* const annotations = member(entry, "annotations");
  if (annotations == nullptr || !annotations->is_object())
    return std::nullopt;
  const auto* const name = member(*annotations, std::string(kRefName));
  if (name == nullptr || !name->is_string())
    return std::nullopt;
  return name->get<std::string>();
}

}  // namespace

LayoutIndex::LayoutIndex()
    : json_({{"schemaVersion", 2}, {"mediaType", kIndexType}, {"manifests", Json::array()}}) {}

LayoutIndex LayoutIndex::read(const std::filesystem::path& file) {
  LayoutIndex index;
  index.json_ = parse_json(read_file(file, kMaxIndexBytes), file.native(), kMaxIndexBytes);
  if (!index.json_.is_object())
    throw Error(Kind::input, cat(file.native(), " must be a JSON object"));
  for (const auto& entry : array_at(index.json_, "manifests", file.native()))
    if (!entry.is_object())
      throw Error(Kind::input, cat(file.native(), ": 'manifests' must hold objects"));
  return index;
}

void LayoutIndex::write(const std::filesystem::path& file) const {
  replace_file(file, json_.dump());
}

std::optional<Descriptor> LayoutIndex::find_tag(const std::string& tag) const {
  for (const auto& entry : json_.at("manifests"))
    if (tag_of(entry) == tag) {
      auto found = Descriptor::parse(entry, cat("index.json, tag '", tag, "'"));
      found.annotations.erase(std::string(kRefName));
      return found;
    }
  return std::nullopt;
}

std::vector<std::string> LayoutIndex::tags() const {
  std::vector<std::string> tags;
  for (const auto& entry : json_.at("manifests"))
    if (auto tag = tag_of(entry))
      tags.push_back(std::move(*tag));
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

std::vector<Descriptor> LayoutIndex::untagged() const {
  std::vector<Descriptor> list;
  for (const auto& entry : json_.at("manifests"))
    if (auto found = tag_of(entry) ? std::nullopt : Descriptor::try_parse(entry))
      list.push_back(std::move(*found));
  return list;
}

std::map<BlobDigest, std::string> LayoutIndex::media_types() const {
  std::map<BlobDigest, std::string> types;
  for (const auto& entry : json_.at("manifests"))
    if (auto found = Descriptor::try_parse(entry))
      types.emplace(found->digest, std::move(found->media_type));
  return types;
}

void LayoutIndex::set_tag(const std::string& tag, const Descriptor& manifest) {
  auto& entries = json_.at("manifests");
  Json kept = Json::array();
  for (auto& entry : entries)
    if (tag_of(entry) != tag)
      kept.push_back(std::move(entry));
  auto entry = manifest;
  entry.annotations[std::string(kRefName)] = tag;
  kept.push_back(entry.to_json());
  entries = std::move(kept);
}

bool LayoutIndex::add_untagged(const Descriptor& manifest) {
  const auto present = untagged();
  if (std::any_of(present.begin(), present.end(), [&](const Descriptor& each) {
        return each.digest == manifest.digest;
      }))
    return false;
  json_.at("manifests").push_back(manifest.to_json());
  return true;
}

}  // namespace cullet::image
