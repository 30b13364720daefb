// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/cancel.hpp"
#include "cullet/base/file.hpp"

namespace cullet::cli {

/// Waits until no other process holds the lock of an open file or directory; it goes with the
/// descriptor, and so with the process, whatever ends it. Throws Kind::interrupted, and
/// Kind::machine naming `what` where it can't be locked.
void wait_for_lock(const Fd& file, const char* what, const Cancel& cancel);

}  // namespace cullet::cli
