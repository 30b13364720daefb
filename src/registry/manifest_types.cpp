// SPDX-License-Identifier: Apache-2.0
#include "manifest_types.hpp"

#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/descriptor.hpp"

namespace cullet::registry {

bool is_index_type(std::string_view media_type) {
  return media_type == image::kIndexType || media_type == image::kDockerIndexType;
}

bool is_manifest_type(std::string_view media_type) {
  return media_type == image::kManifestType || media_type == image::kDockerManifestType;
}

http::Headers accept_manifests() {
  http::Headers headers;
  for (const auto type : {image::kManifestType,
                          image::kIndexType,
                          image::kDockerManifestType,
                          image::kDockerIndexType})
    headers.emplace("accept", type);
  return headers;
}

std::string manifest_type(const http::Response& response) {
  const auto json = Json::parse(response.body, nullptr, false);
  if (json.is_object())
    if (const auto type = json.find("mediaType"); type != json.end() && type->is_string())
      if (const auto& text = type->get_ref<const std::string&>();
          is_index_type(text) || is_manifest_type(text))
        return text;
  const auto header = response.header("content-type").value_or("");
  return std::string(trim(std::string_view(header).substr(0, header.find(';'))));
}

}  // namespace cullet::registry
