// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/trust/key.hpp"

#include "resolve.hpp"

namespace cullet::cli {

/// What is said of an image by statements of one type.
struct FoundStatement {
  std::optional<Json> predicate;      ///< of the newest that is verified: an image that was built
                                      ///< again may have several, all about these very bytes
  std::vector<std::string> problems;  ///< of those that are not
};
FoundStatement newest_statement(ResolvedImage& image,
                                const std::vector<trust::PublicKey>& keys,
                                std::string_view type);

}  // namespace cullet::cli
