// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace cullet {

/// 1980-01-01T00:00:00Z: the mtime of everything in trees and layers, so that no clock reaches a
/// digest. It is part of the assembly contract.
inline constexpr std::int64_t kFixedTime = 315532800;

}  // namespace cullet
