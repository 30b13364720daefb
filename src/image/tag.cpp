// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/tag.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/image_name.hpp"
#include "cullet/base/text.hpp"

namespace cullet::image {

void require_tag(const std::string& text) {
  if (!is_tag(text))
    throw Error(Kind::input, cat("'", printable(text), "' is no valid tag"))
        .hint(
            "a tag is up to 128 letters, digits, '_', '.' and '-', and begins with none of the "
            "last two");
}

bool is_referrers_tag(std::string_view tag) {
  return tag.starts_with("sha256-");
}

}  // namespace cullet::image
