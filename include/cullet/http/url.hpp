// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cullet::http {

/// An absolute http or https URL (RFC 3986), taken apart. Path and query keep the bytes they came
/// with: signed upload locations stop working when they are re-encoded. A fragment is dropped.
struct Url {
  std::string scheme;          ///< "http" or "https"
  std::string host;            ///< lower case; an IPv6 address in brackets
  std::string port;            ///< never empty
  std::string target;          ///< "/path?query"
  std::string user, password;  ///< decoded; both empty where the URL has none

  /// nullopt for anything that is not an absolute http or https URL.
  static std::optional<Url> parse(std::string_view text);
  /// What `reference` (a Location or Link target) means here: absolute, "//host/x", "/x", "x" or
  /// "?q". nullopt where the result is not http or https.
  [[nodiscard]] std::optional<Url> resolve(std::string_view reference) const;

  /// The whole URL without user and password.
  [[nodiscard]] std::string str() const;
  /// "host" or, where the port is not the scheme's own, "host:port".
  [[nodiscard]] std::string authority() const;
  /// For messages: no user, no password and no query, which may hold signatures and tokens.
  [[nodiscard]] std::string shown() const;
  /// The same URL with "name=value" (already encoded) added to its query.
  [[nodiscard]] Url with_query(std::string_view pair) const;
};

/// Same scheme, host and port: whoever answers may see the same credentials.
bool same_origin(const Url& a, const Url& b);

/// Whether the host is this machine by its very name: "localhost", 127.0.0.0/8 or [::1].
bool is_loopback(const Url& url);

}  // namespace cullet::http
