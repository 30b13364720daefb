// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cullet::source {

/// The newest time of a zip's entries: their MS-DOS times (APPNOTE.TXT 4.4.6), which name no time
/// zone, taken as UTC. libarchive takes them as the machine's local time. nullopt for what is no
/// zip; throws Kind::input, naming `name`, for a damaged directory. `fd` must be seekable.
std::optional<std::int64_t> newest_zip_time(int fd, const std::string& name);

}  // namespace cullet::source
