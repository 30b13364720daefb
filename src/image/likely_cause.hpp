// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cullet/image/explain_difference.hpp"

namespace cullet::image {

struct Guess {
  Cause cause = Cause::unknown;
  std::string because;  ///< not escaped
};

/// What two texts that stand in the same place tell by how they differ: lines, strings of a
/// program, values of a field. At most a few hundred bytes around the first difference are looked
/// at.
Guess guess_from_text(std::string_view first,
                      std::string_view second,
                      const DifferenceOptions& known);

/// Likewise of any bytes: strings in them, and numbers that are points in time.
Guess guess_from_bytes(std::string_view first,
                       std::string_view second,
                       const DifferenceOptions& known);

/// Whether the second has the parts of the first, each as often, in another order.
bool same_in_other_order(std::vector<std::string_view> first, std::vector<std::string_view> second);

/// The offset of the first difference; the size of the shorter where it begins the longer.
std::size_t first_difference(std::string_view first, std::string_view second);

}  // namespace cullet::image
