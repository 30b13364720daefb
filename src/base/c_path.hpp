// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/base/error.hpp"

namespace cullet {

/// `path` for a system call. A path from outside may hold a NUL byte, and the kernel would then act
/// on another file: throws Kind::refused.
inline const char* c_path(const std::string& path) {
  if (path.find('\0') != path.npos)
    throw Error(Kind::refused, cat("file name '", path, "' holds a NUL byte"));
  return path.c_str();
}

}  // namespace cullet
