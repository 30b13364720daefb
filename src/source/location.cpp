// SPDX-License-Identifier: Apache-2.0
#include "location.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/url.hpp"

namespace cullet::source {
namespace {

constexpr std::string_view kFile = "file://";
constexpr std::string_view kSsh[] = {"ssh://", "git+ssh://", "ssh+git://"};

Error no_url(std::string_view text) {
  return Error(Kind::input, cat("'", printable(shown(text)), "' is no git URL"))
      .hint("use https://, ssh://, user@host:path, file:// or a path");
}

/// "user@host:path", as git takes it: a colon before the first slash. "x::y" would name a program.
bool is_scp_form(std::string_view text) {
  const auto colon = text.find(':');
  return colon != text.npos && colon > 0 && colon < text.find('/') &&
         text.find("://") == text.npos && text.substr(colon, 2) != "::";
}

void refuse_options(const Location& location, std::string_view text) {
  for (const auto* part : {&location.host, &location.user, &location.port})
    if (part->starts_with('-') || part->find_first_of(" \t\n\r'\"\\") != part->npos)
      throw no_url(text);
  if (location.path.starts_with('-') || location.path.empty())
    throw no_url(text);
}

/// "user:password@host:port" into its parts; IPv6 addresses stand in brackets.
void split_authority(std::string_view authority, Location& location, std::string_view text) {
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    const auto info = authority.substr(0, at);
    const auto colon = info.find(':');
    const auto user = percent_decode(info.substr(0, colon));
    if (!user)
      throw no_url(text);
    location.user = *user;
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos)
      throw no_url(text);
    location.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
  } else {
    location.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(location.host.size());
  }
  if (authority.starts_with(':'))
    location.port = authority.substr(1);
  if (location.host.empty() || (!location.port.empty() && !parse_number(location.port)))
    throw no_url(text);
}

Location parse_ssh(std::string_view text, std::string_view rest) {
  Location location;
  location.type = Location::Type::ssh;
  location.scheme = "ssh";
  const auto slash = rest.find('/');
  if (slash == rest.npos)
    throw no_url(text);
  split_authority(rest.substr(0, slash), location, text);
  const auto path = percent_decode(rest.substr(slash));
  if (!path)
    throw no_url(text);
  // "/~user/x" is relative to that user's home directory
  location.path = path->starts_with("/~") ? path->substr(1) : *path;
  location.url = shown(text);
  return location;
}

Location parse_scp(std::string_view text) {
  Location location;
  location.type = Location::Type::ssh;
  location.scheme = "ssh";
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  const auto at = host.rfind('@');
  if (at != host.npos)
    location.user = host.substr(0, at);
  location.host = at == host.npos ? host : host.substr(at + 1);
  location.path = text.substr(colon + 1);
  location.url = text;
  if (location.host.empty())
    throw no_url(text);
  return location;
}

Location parse_http(std::string_view text) {
  const auto url = http::Url::parse(text);
  if (!url)
    throw no_url(text);
  Location location;
  location.type = Location::Type::http;
  location.scheme = url->scheme;
  location.user = url->user;
  location.password = url->password;
  location.host = url->host;
  location.port = url->port;
  location.path = url->target;
  location.url = url->str();
  while (location.url.ends_with('/'))
    location.url.pop_back();
  return location;
}

}  // namespace

Location Location::parse(std::string_view text, const std::filesystem::path& base) {
  if (text.empty() || text.find_first_of(std::string_view("\0\n\r", 3)) != text.npos)
    throw no_url(text);
  Location location;
  if (text.starts_with("https://") || text.starts_with("http://")) {
    location = parse_http(text);
  } else if (text.starts_with(kFile)) {
    const auto path = percent_decode(text.substr(kFile.size()));
    if (!path || !path->starts_with('/'))
      throw no_url(text);
    location.path = *path;
  } else if (text.starts_with("git://")) {
    throw Error(Kind::input,
                cat("'",
                    printable(shown(text)),
                    "' is neither encrypted nor "
                    "authenticated, and is not supported"))
        .hint("use https:// or ssh:// instead");
  } else if (is_scp_form(text)) {
    location = parse_scp(text);
  } else {
    for (const auto prefix : kSsh)
      if (text.starts_with(prefix))
        location = parse_ssh(text, text.substr(prefix.size()));
    if (location.path.empty()) {
      if (text.find("://") != text.npos || text.find("::") != text.npos)
        throw no_url(text);
      location.path = (base / text).lexically_normal().string();
    }
  }
  refuse_options(location, text);
  if (location.type == Type::local) {
    location.scheme = "file";
    location.url = location.path;
  }
  return location;
}

std::string shown(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos)
    return std::string(url);
  const auto start = scheme + 3;
  const auto end = std::min(url.find('/', start), url.size());
  const auto authority = url.substr(start, end - start);
  const auto at = authority.rfind('@');
  if (at == authority.npos)
    return std::string(url);
  const auto user = authority.substr(0, std::min(at, authority.find(':')));
  // In http a lone user is a token as often as a name; ssh needs it to log in.
  const bool http = url.starts_with("http");
  return cat(url.substr(0, start),
             http ? "" : user,
             http ? "" : "@",
             authority.substr(at + 1),
             url.substr(end));
}

std::string resolve_url(std::string_view parent, std::string_view url) {
  if (!url.starts_with("./") && !url.starts_with("../") && url != "." && url != "..")
    return std::string(url);
  std::string base(parent);
  while (base.ends_with('/'))
    base.pop_back();
  // What ".." must not eat: the scheme and host, or "user@host:".
  const auto scheme = base.find("://");
  std::size_t root = 0;
  if (scheme != base.npos)
    root = std::min(base.find('/', scheme + 3), base.size());
  else if (is_scp_form(base))
    root = base.find(':') + 1;
  while (!url.empty()) {
    if (url.starts_with("./")) {
      url.remove_prefix(2);
    } else if (url.starts_with("../")) {
      url.remove_prefix(3);
      const auto slash = base.rfind('/');
      if (slash != base.npos && slash >= root)
        base.resize(slash);
      else if (base.size() > root)
        base.resize(root);
      else
        throw Error(Kind::input, cat("a submodule's URL leads above ", shown(parent)));
    } else {
      break;
    }
  }
  const bool joined = base.size() == root && scheme == base.npos;
  return cat(base, joined ? "" : "/", url);
}

}  // namespace cullet::source
