// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "cullet/base/digest.hpp"

namespace cullet {

/// Objects keep their keys sorted bytewise, which is what canonical() relies on.
using Json = nlohmann::json;

/// Canonical JSON: keys sorted bytewise, no white space, UTF-8 written as itself, integers in
/// decimal. The form of every digested JSON document and of every key. Throws Kind::internal for
/// floating-point numbers and invalid UTF-8: neither has one canonical form.
std::string canonical(const Json& value);

/// The SHA-256 of canonical(value).
Sha256 canonical_digest(const Json& value);

/// Parses JSON from outside. Throws Kind::input naming `what`, with line and column, for malformed
/// input, duplicate keys, nesting deeper than 64 or more than `limit` bytes. Columns count bytes.
Json parse_json(std::string_view text, std::string_view what, std::uint64_t limit = 4U << 20U);

/// Typed access to foreign JSON: throws Kind::input "WHAT: 'KEY' is missing" or "… must be a
/// string" instead of nlohmann's exceptions.
const std::string& string_at(const Json& object, const std::string& key, std::string_view what);
std::uint64_t number_at(const Json& object, const std::string& key, std::string_view what);
const Json& object_at(const Json& object, const std::string& key, std::string_view what);
const Json& array_at(const Json& object, const std::string& key, std::string_view what);
/// Absent gives the empty string.
std::string optional_string(const Json& object, const std::string& key, std::string_view what);

}  // namespace cullet
