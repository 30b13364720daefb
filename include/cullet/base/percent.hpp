// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cullet {

/// For names in lines of fields: bytes below 0x21, above 0x7e and '%' as %XX (upper-case digits).
std::string percent_escape(std::string_view text);
/// The inverse. Lenient: what is no escape stays as it is, so that a format with one spelling has
/// to compare with what percent_escape() writes.
std::string percent_unescape(std::string_view text);

/// For parts of URLs and package URLs: all but RFC 3986's unreserved characters, and but those in
/// `plain`, as %XX.
std::string percent_encode(std::string_view text, std::string_view plain = {});
/// The inverse; nullopt for a malformed escape and for NUL, escaped or not.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace cullet
