// SPDX-License-Identifier: Apache-2.0
#include "fork_url.hpp"

#include <optional>
#include <string>

#include "cullet/base/glob.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

struct Parts {
  std::string_view scheme, host, port, path;
};

std::string_view default_port(std::string_view scheme) {
  constexpr std::pair<std::string_view, std::string_view> kPorts[] = {
      {"https", "443"}, {"http", "80"}, {"ssh", "22"}, {"git", "9418"}};
  for (const auto& [name, port] : kPorts)
    if (name == scheme)
      return port;
  return {};
}

/// SCHEME://[USER@]HOST[:PORT][/PATH]; nullopt for anything else.
std::optional<Parts> parts_of(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == url.npos || url.find_first_of("\\ \t\r\n") != url.npos)
    return std::nullopt;
  Parts out{url.substr(0, colon), url.substr(colon + 3), {}, {}};
  // Before anything else that could end a host: '?' and '#' would hide the rest from a client.
  const auto end = out.host.find_first_of("/?#");
  if (end != out.host.npos) {
    if (out.host[end] != '/')
      return std::nullopt;
    out.path = out.host.substr(end + 1);
    out.host = out.host.substr(0, end);
  }
  if (const auto at = out.host.rfind('@'); at != out.host.npos)
    out.host.remove_prefix(at + 1);
  out.port = default_port(out.scheme);
  if (const auto port = out.host.find(':'); port != out.host.npos) {
    out.port = out.host.substr(port + 1);
    out.host = out.host.substr(0, port);
  }
  return out;
}

bool matches_host(std::string_view pattern, std::string_view given) {
  const auto host = lower_case(given);
  if (!pattern.starts_with("*."))
    return pattern == host;
  // At least one label stands before what the pattern ends in.
  return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
}

bool matches_path(std::string_view pattern, std::string_view path) {
  if (pattern.empty())
    return true;
  const auto plain = RelativePath::parse(path);
  return plain && plain->str() == path && path.find_first_of("%?#") == path.npos &&
         Glob(pattern).matches(path);
}

}  // namespace

bool is_allowed_fork_url(std::string_view pattern, std::string_view uri) {
  constexpr std::string_view kGit = "git+";
  if (uri.starts_with(kGit))
    uri.remove_prefix(kGit.size());
  const auto from = parts_of(uri);
  if (!from)
    return false;
  if (pattern.find("://") == pattern.npos)
    return (from->scheme == "https" || from->scheme == "ssh") &&
           from->port == default_port(from->scheme) && matches_host(pattern, from->host);
  const auto allowed = parts_of(pattern);
  return allowed && from->scheme == allowed->scheme && from->port == allowed->port &&
         matches_host(allowed->host, from->host) && matches_path(allowed->path, from->path);
}

}  // namespace cullet::attest
