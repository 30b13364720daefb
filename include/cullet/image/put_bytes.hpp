// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/image/repository.hpp"

namespace cullet::image {

/// Puts bytes as a blob; returns its descriptor.
Descriptor put_bytes(Repository& repository, std::string bytes, std::string_view media_type);

}  // namespace cullet::image
