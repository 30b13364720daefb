// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cullet/base/json.hpp"
#include "cullet/store/store.hpp"

namespace cullet::store {

/// The file of an ActionRecord: the SHA-256 of what follows, in hex, and a line feed; then
/// {"blobs":["sha256:…"],"trees":["sha256:…"],"value":…}.
std::string write_record(const ActionRecord& record);
/// nullopt where there is none, it can't be read, or it isn't what was written.
std::optional<ActionRecord> read_record(const std::filesystem::path& path);
/// Any JSON file of the store; nullopt where there is none or it can't be read.
std::optional<Json> read_json(const std::filesystem::path& path);

}  // namespace cullet::store
