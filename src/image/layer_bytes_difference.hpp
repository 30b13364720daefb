// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/cancel.hpp"
#include "cullet/image/explain_difference.hpp"

#include "layer_difference.hpp"

namespace cullet::image {

/// Where two layers with equal entries differ once they are decompressed: the first header field,
/// or how the tars end. Reads both at once, in pieces; throws Kind::input for what can't be
/// decompressed.
Finding header_difference(const LayerPair& layers, const Cancel& cancel);

/// How two layers differ that are equal once they are decompressed.
Finding compression_difference(const LayerPair& layers);

}  // namespace cullet::image
