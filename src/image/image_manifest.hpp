// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/image/repository.hpp"

namespace cullet::image {

/// Reads an image's manifest. Throws Kind::input where it is not there or is no image's.
Manifest image_manifest(Repository& repository, const Descriptor& descriptor);

}  // namespace cullet::image
