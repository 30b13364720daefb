// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cullet/base/file.hpp"
#include "cullet/base/stream.hpp"
#include "cullet/image/descriptor.hpp"

namespace cullet::image {

/// The bytes of an open file that should hold `blob`, verified while read: throws Kind::refused for
/// others. Owns the file.
std::unique_ptr<Source> open_blob_file(Fd file, const Descriptor& blob);

}  // namespace cullet::image
