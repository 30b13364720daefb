// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/json.hpp"

#include "command.hpp"
#include "series_file.hpp"

namespace cullet::cli {

/// --fixes, --reason, --expires, --name and --by.
void add_patch_words(CLI::App& command, PatchWords& words);

/// `patch edit` and `patch save`.
void register_patch_edit(CLI::App& parent, Action& chosen);

/// Where a fork's checkout is, made or not.
std::filesystem::path checkout_of(Session& session, const workspace::Fork& fork);

}  // namespace cullet::cli
