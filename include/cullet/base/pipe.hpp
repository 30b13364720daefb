// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/file.hpp"

namespace cullet {

/// Both ends of a pipe(2), closed on exec, with descriptors above 2: a caller without standard
/// streams would otherwise get one that a child then replaces. Throws Kind::machine.
struct Pipe {
  Fd read, write;
  Pipe();
};

}  // namespace cullet
