// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/tag.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::image {

namespace {

constexpr std::size_t kMaxTag = 128;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && is_word(text.front()) &&
         std::all_of(
             text.begin(), text.end(), [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

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
