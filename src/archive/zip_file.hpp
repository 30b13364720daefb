// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "cullet/base/file.hpp"

namespace cullet::archive {

/// A zip is read from its end, where the directory with modes and symlinks is, so a stream has to
/// be held first: in memory that the kernel may swap out (memfd_create(2)), as no layer below cli
/// knows a directory for temporary files. Throws Kind::input beyond 1 GiB. Rewound.
Fd spool_zip(Source& source, std::string_view name);

/// Whether a stream that begins so is a zip.
bool is_zip(std::string_view head);

}  // namespace cullet::archive
