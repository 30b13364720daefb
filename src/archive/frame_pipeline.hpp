// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cullet/archive/compression.hpp"

#include "frame_codec.hpp"

namespace cullet::archive {

/// Cuts what is written into frames and compresses them on `threads` worker threads.
std::unique_ptr<Compressor> frame_pipeline(std::unique_ptr<FrameCodec> codec,
                                           Sink& out,
                                           Sink* plain,
                                           unsigned threads);

}  // namespace cullet::archive
