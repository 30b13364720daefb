// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/cancel.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::image {

/// One entry of a layer as it passes by.
struct LayerVisit {
  std::size_t index;  ///< of the entry, in the layer
  const archive::Entry& entry;
  std::int64_t mtime;
  Source& body;
};

/// Calls `visit` for each entry of the layer until it returns false. Where it never does, the whole
/// blob has been verified on return: also what lies behind the tar's end. `plain`, if not null,
/// gets the uncompressed bytes. Throws Kind::input for a malformed layer, Kind::refused for other
/// bytes.
void read_layer(Repository& repository,
                const Descriptor& layer,
                const Cancel& cancel,
                const std::function<bool(const LayerVisit&)>& visit,
                Sink* plain = nullptr);

}  // namespace cullet::image
