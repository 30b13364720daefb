// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cullet/archive/reader.hpp"

#include "libarchive.hpp"

namespace cullet::archive {

/// What libarchive says of an entry, checked and normalised; nullopt for the root's own entry.
/// `name` is the archive's. Throws Kind::input for anything that Reader refuses.
std::optional<Entry> read_entry(::archive_entry* from,
                                const std::string& name,
                                Format format,
                                const Limits& limits);

}  // namespace cullet::archive
