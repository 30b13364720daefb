// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "document.hpp"

namespace cullet::workspace {

/// Each reads one scalar or throws Kind::input with its position and what was expected.

/// Any text without NUL, the empty one included.
std::string read_text(const Node& node);
/// Text that says something: not only white space.
std::string read_prose(const Node& node);
/// Not empty, on one line, without control characters or white space at its ends.
std::string read_line(const Node& node);
/// Plain true or false; a quoted "false" is text.
bool read_boolean(const Node& node);
/// A plain decimal number within bounds.
std::uint32_t read_number(const Node& node, std::uint32_t min, std::uint32_t max);
/// One of a few words.
std::string read_word(const Node& node, const std::vector<std::string>& words);
/// Permission bits in octal, plain or quoted: 0755, "4755".
std::uint32_t read_mode(const Node& node);
/// "30m": a number of s, m or h, up to 7 days; in seconds.
std::uint32_t read_duration(const Node& node);
/// "2GiB": a number of KiB, MiB, GiB or TiB; in bytes.
std::uint64_t read_size(const Node& node);
/// Exactly `digits` lower-case hexadecimal digits; `what` as "a SHA-256".
std::string read_hex(const Node& node, std::size_t digits, std::string_view what);
/// A calendar date YYYY-MM-DD; seconds since the epoch at midnight UTC.
std::int64_t read_date(const Node& node);

/// Throws "LABEL must be EXPECTED, not 'VALUE'".
[[noreturn]] void reject(const Node& node, std::string_view expected);

}  // namespace cullet::workspace
