// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cullet::source {

/// Where a git repository is, taken apart. Forms: http(s)://, ssh://, user@host:path, file:// and
/// plain paths. Hosts, users and paths that a program could take for an option are refused.
struct Location {
  enum class Type { local, http, ssh };
  Type type = Type::local;
  std::string url;             ///< without user and password; a plain path for local ones
  std::string scheme;          ///< "https", "http", "ssh", "file"
  std::string user, password;  ///< decoded
  std::string host, port, path;

  /// `base` is what a relative path is relative to. Throws Kind::input for what is none of the
  /// forms, naming it without its password.
  static Location parse(std::string_view text, const std::filesystem::path& base);
};

/// The URL as it may be shown: without a password.
std::string shown(std::string_view url);

/// A submodule's URL: "./x" and "../x" are relative to its parent's URL, as git has it.
std::string resolve_url(std::string_view parent, std::string_view url);

}  // namespace cullet::source
