// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/http/client.hpp"

namespace cullet::registry {

/// Media types of manifests that are read and passed on: OCI's and Docker's.
bool is_index_type(std::string_view media_type);
bool is_manifest_type(std::string_view media_type);

/// The headers that ask for every kind of manifest.
http::Headers accept_manifests();

/// The media type of a manifest that a registry sent: what the manifest says itself, because that
/// is covered by its digest; else the answer's Content-Type.
std::string manifest_type(const http::Response& response);

}  // namespace cullet::registry
