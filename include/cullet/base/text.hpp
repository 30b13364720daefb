// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cullet {

std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// Splits at every `separator`; "a,,b" gives three parts, "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);
/// Without the white space of ASCII (space, \t, \r, \n, \v, \f) at both ends; points into `text`.
std::string_view trim(std::string_view text);
/// ASCII letters in lower case; everything else stays, whatever the locale.
std::string lower_case(std::string_view text);

/// The member of `known` nearest to `word` by Damerau-Levenshtein distance, if near enough to be
/// what the user meant (at most a third of its letters differ); none for words over 256 bytes.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

/// Control characters (newlines too), marks that change the direction of text, and bytes that are
/// not UTF-8, as \xNN: for showing foreign text.
std::string printable(std::string_view text);

/// "0755": the permission bits of a mode (07777), four digits.
std::string octal(std::uint32_t mode);
/// "3.2 MiB"; binary units, one decimal from KiB on.
std::string human_size(std::uint64_t bytes);
/// "0.4 s", "12 s", "2 min 05 s", "1 h 02 min".
std::string human_seconds(double seconds);

/// RFC 3339 in UTC with whole seconds, as in "1980-01-01T00:00:00Z". `seconds` since the epoch.
/// Throws Kind::input outside the years 0 to 9999, which that form can't write.
std::string rfc3339(std::int64_t seconds);
/// The inverse for dates ("2026-12-20", midnight UTC) and for rfc3339()'s form.
std::optional<std::int64_t> parse_time(std::string_view text);

/// Decimal digits only (no sign, no space; leading zeros are fine), within 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Standard base64 with padding (RFC 4648 section 4); decoding is strict.
std::string base64(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace cullet
