// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "patch_text.hpp"

namespace cullet::source {

/// Applies the content of a "GIT binary patch" (libgit2 decodes it) to a file's bytes, or to
/// nothing for a file that is made. Checks both ends: the bytes before against the index line, and,
/// by the reverse that the patch holds, those after. nullopt when the bytes before are not the ones
/// that the patch was made for. Throws Kind::input for a damaged patch.
std::optional<std::string> apply_binary(std::string_view content,
                                        const FilePatch& patch,
                                        std::string_view name);

/// The same with before and after exchanged.
std::string reversed_binary(std::string_view binary);

/// The id that git gives to a file of these bytes.
std::string blob_id(std::string_view content);

}  // namespace cullet::source
