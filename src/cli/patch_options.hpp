// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/json.hpp"

#include "command.hpp"
#include "series_file.hpp"

namespace cullet::cli {

/// --fixes, --reason, --expires, --name and --by.
void add_patch_words(CLI::App& command, PatchWords& words);

/// A patch as `patch list --json` has it.
Json patch_record(Session& session, const workspace::Fork& fork, const workspace::Patch& patch);

/// `patch edit` and `patch save`.
void register_patch_edit(CLI::App& parent, Action& chosen);

/// Where a fork's checkout is, made or not.
std::filesystem::path checkout_of(Session& session, const workspace::Fork& fork);

}  // namespace cullet::cli
