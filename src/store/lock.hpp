// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "cullet/base/cancel.hpp"
#include "cullet/base/file.hpp"

namespace cullet::store {

/// flock(2) locks belong to an open file description: two descriptors that were opened apart
/// exclude each other within one process too, and the kernel drops the lock with the process,
/// whatever ends it. `operation` is LOCK_SH or LOCK_EX.

/// False when somebody else holds the lock. Throws Kind::machine where the file system has none.
bool try_lock(int fd, int operation);

/// Waits by asking again and again, at growing intervals of up to 100 ms. A blocking flock(2) could
/// only be cancelled by a signal sent to just this thread; next to the steps that such locks guard,
/// the interval is nothing. Throws Kind::interrupted.
void wait_lock(int fd, int operation, const Cancel& cancel);

/// Opens a lock file, creating it where absent.
Fd open_lock(const std::filesystem::path& path);

/// Whether `path` still names the file that is open as `fd`. A lock on a file that was unlinked
/// excludes nobody who comes later.
bool is_linked_as(int fd, const std::filesystem::path& path);

}  // namespace cullet::store
