// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cullet/store/store.hpp"

namespace cullet::store {

/// What the store holds for layer source: its forks/, of which it knows no more.
struct MirrorUsage {
  std::uint64_t mirrors = 0, bytes = 0;
};
MirrorUsage mirror_usage(const Store& store, const Cancel& cancel);

}  // namespace cullet::store
