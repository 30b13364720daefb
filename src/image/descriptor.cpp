// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/descriptor.hpp"

#include "cullet/base/error.hpp"

#include "fields.hpp"

namespace cullet::image {

Descriptor Descriptor::of(std::string_view bytes, std::string media_type) {
  return {.media_type = std::move(media_type),
          .digest = BlobDigest(sha256(bytes)),
          .size = bytes.size(),
          .artifact_type = {},
          .annotations = {}};
}

Json Descriptor::to_json() const {
  Json json = {{"mediaType", media_type}, {"digest", digest.str()}, {"size", size}};
  if (!artifact_type.empty())
    json["artifactType"] = artifact_type;
  if (!annotations.empty())
    json["annotations"] = annotations;
  return json;
}

Descriptor Descriptor::parse(const Json& json, std::string_view what) {
  if (!json.is_object())
    throw Error(Kind::input, cat(what, " must be an object"));
  const auto& text = string_at(json, "digest", what);
  const auto digest = BlobDigest::parse(text);
  if (!digest)
    throw Error(Kind::input, cat(what, ": '", text, "' is no sha256 digest"));
  return {.media_type = string_at(json, "mediaType", what),
          .digest = *digest,
          .size = number_at(json, "size", what),
          .artifact_type = optional_string(json, "artifactType", what),
          .annotations = string_map(json, "annotations", what)};
}

std::optional<Descriptor> Descriptor::try_parse(const Json& json) {
  return unless_malformed([&] { return parse(json, ""); });
}

}  // namespace cullet::image
