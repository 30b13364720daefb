// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cullet/base/stream.hpp"

namespace cullet::archive {

/// Sources that decompress `inner`, which must outlive them; `name` is for errors.
std::unique_ptr<Source> xz_source(Source& inner, std::string name);
std::unique_ptr<Source> bzip2_source(Source& inner, std::string name);

}  // namespace cullet::archive
