// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cullet/base/json.hpp"
#include "cullet/store/store.hpp"

namespace cullet::store {

/// The file of an ActionRecord: {"blobs":["sha256:…"],"trees":["sha256:…"],"value":…}.
std::string write_record(const ActionRecord& record);
/// nullopt where there is none or it can't be read.
std::optional<ActionRecord> read_record(const std::filesystem::path& path);
/// Likewise for any JSON file of the store.
std::optional<Json> read_json(const std::filesystem::path& path);

}  // namespace cullet::store
