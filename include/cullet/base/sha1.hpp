// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/base/stream.hpp"

namespace cullet {

/// The SHA-1 (FIPS 180-4) of all that `source` gives, as 40 lower-case hexadecimal digits. For
/// formats that ask for one (SPDX 2.3 does, of every file); nothing is trusted because of it.
std::string sha1_hex(Source& source);

}  // namespace cullet
