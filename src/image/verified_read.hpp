// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/error.hpp"
#include "cullet/base/stream.hpp"

namespace cullet::image {

/// Runs what reads `blob`, whose bytes are verified while they are read. Where it can't make sense
/// of them, the rest is read first: bytes that are not those of their digest are refused as such,
/// and only those that are can be called damaged.
template <class Work>
void read_verified(Source& blob, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() == Kind::input)
      drain(blob);
    throw;
  }
}

}  // namespace cullet::image
