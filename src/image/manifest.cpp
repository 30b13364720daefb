// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/manifest.hpp"

#include "cullet/base/error.hpp"

#include "fields.hpp"

namespace cullet::image {

namespace {

constexpr std::size_t kMaxLayers = 1000;

Json parse_document(std::string_view bytes,
                    std::string_view what,
                    std::string_view oci_type,
                    std::string_view docker_type) {
  auto json = parse_json(bytes, what, kMaxManifestBytes);
  if (!json.is_object())
    throw Error(Kind::input, cat(what, " must be a JSON object"));
  if (const auto type = optional_string(json, "mediaType", what);
      !type.empty() && type != oci_type && type != docker_type)
    throw Error(Kind::input, cat(what, " has the media type '", type, "', not '", oci_type, "'"));
  if (number_at(json, "schemaVersion", what) != 2)
    throw Error(Kind::input, cat(what, " is not of schema version 2"));
  return json;
}

std::vector<Descriptor> descriptors(const Json& json,
                                    const std::string& key,
                                    std::string_view what) {
  std::vector<Descriptor> list;
  for (const auto& each : array_at(json, key, what))
    list.push_back(Descriptor::parse(each, cat(what, ", ", key, "[", list.size(), "]")));
  return list;
}

Json to_json(const std::vector<Descriptor>& list) {
  Json json = Json::array();
  for (const auto& each : list)
    json.push_back(each.to_json());
  return json;
}

}  // namespace

std::string Manifest::serialize() const {
  Json json = {{"schemaVersion", 2},
               {"mediaType", kManifestType},
               {"config", config.to_json()},
               {"layers", to_json(layers)}};
  if (!artifact_type.empty())
    json["artifactType"] = artifact_type;
  if (subject)
    json["subject"] = subject->to_json();
  if (!annotations.empty())
    json["annotations"] = annotations;
  return canonical(json);
}

Manifest Manifest::parse(std::string_view bytes, std::string_view what) {
  const auto json = parse_document(bytes, what, kManifestType, kDockerManifestType);
  if (array_at(json, "layers", what).size() > kMaxLayers)
    throw Error(Kind::input, cat(what, " has more than ", kMaxLayers, " layers"));
  Manifest manifest;
  manifest.config = Descriptor::parse(object_at(json, "config", what), cat(what, ", config"));
  manifest.layers = descriptors(json, "layers", what);
  manifest.artifact_type = optional_string(json, "artifactType", what);
  if (const auto* const subject = member(json, "subject"))
    manifest.subject = Descriptor::parse(*subject, cat(what, ", subject"));
  manifest.annotations = string_map(json, "annotations", what);
  return manifest;
}

std::optional<Manifest> Manifest::try_parse(std::string_view bytes) {
  return unless_malformed([&] { return parse(bytes, ""); });
}

std::string Index::serialize() const {
  Json json = {{"schemaVersion", 2}, {"mediaType", kIndexType}, {"manifests", to_json(manifests)}};
  if (!annotations.empty())
    json["annotations"] = annotations;
  return canonical(json);
}

Index Index::parse(std::string_view bytes, std::string_view what) {
  const auto json = parse_document(bytes, what, kIndexType, kDockerIndexType);
  return {.manifests = descriptors(json, "manifests", what),
          .annotations = string_map(json, "annotations", what)};
}

}  // namespace cullet::image
