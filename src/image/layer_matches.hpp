// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cullet/image/descriptor.hpp"

namespace cullet::image {

/// A layer of one image and the one of the other to hold it against; one of them may be missing.
struct LayerMatch {
  std::optional<std::size_t> first, second;
};

struct LayerMatches {
  std::vector<LayerMatch> equal;         ///< by digest
  std::vector<LayerMatch> made_of_same;  ///< of other bytes
  std::vector<LayerMatch> rest;          ///< in order, whatever they are
};

/// Which layer to hold against which, each once. `made_of` says for each what it is made of, ""
/// where that is not known.
LayerMatches match_layers(const std::vector<Descriptor>& first,
                          const std::vector<std::string>& first_made_of,
                          const std::vector<Descriptor>& second,
                          const std::vector<std::string>& second_made_of);

/// Those of the equal ones and of those made of the same that stand in another order in the second
/// image; in the order of the first.
std::vector<LayerMatch> out_of_order(const LayerMatches& matches);

}  // namespace cullet::image
