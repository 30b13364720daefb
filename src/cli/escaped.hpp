// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/base/text.hpp"

namespace cullet::cli {

/// Foreign texts as a record can hold them, each printable().
inline std::vector<std::string> escaped(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  out.reserve(texts.size());
  for (const auto& text : texts)
    out.push_back(printable(text));
  return out;
}

}  // namespace cullet::cli
