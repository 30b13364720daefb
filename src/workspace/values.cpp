// SPDX-License-Identifier: Apache-2.0
#include "values.hpp"

#include <algorithm>

#include "cullet/base/glob.hpp"
#include "cullet/base/image_name.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

#include "scalars.hpp"

namespace cullet::workspace {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxVersion = 128;

bool is_lower(char c) {
  return kLower.find(c) != std::string_view::npos;
}
bool is_digit(char c) {
  return kDigits.find(c) != std::string_view::npos;
}
bool is_alnum(char c) {
  return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

/// Whether all characters are of `classes`: alphanumeric (lower case only where `lower`) or one of
/// `others`.
bool consists_of(std::string_view text, std::string_view others, bool lower = false) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (lower ? is_lower(c) || is_digit(c) : is_alnum(c)) ||
           others.find(c) != std::string_view::npos;
  });
}

std::string read_token(const Node& node,
                       std::string_view expected,
                       bool (*valid)(std::string_view)) {
  if (node.type != Node::Type::scalar || !valid(node.scalar))
    reject(node, expected);
  return node.scalar;
}

bool has_scheme(std::string_view url, std::initializer_list<std::string_view> schemes) {
  return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
    return url.size() > scheme.size() && url.substr(0, scheme.size()) == scheme;
  });
}

/// uid and gid -1 mean "leave as it is" to chown(2), so they can't be owners.
std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number > 0xFFFFFFFEU)
    return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

bool is_user_part(std::string_view text) {
  if (parse_id(text))
    return true;
  return !text.empty() && (is_lower(text[0]) || text[0] == '_') && text.size() <= 32 &&
         consists_of(text, "_-", true);
}

bool is_git_url(std::string_view text) {
  if (text.find_first_of(" \t\\") != std::string_view::npos)
    return false;
  if (has_scheme(text, {"https://", "http://", "ssh://", "file:///"}))
    return true;
  if (text.find("://") != std::string_view::npos)
    return false;
  const auto at = text.find('@');
  const auto colon = text.find(':');
  const bool scp_like = at != std::string_view::npos && at > 0 && colon != std::string_view::npos &&
                        colon > at + 1 && colon + 1 < text.size() && text[0] != '-';
  return scp_like || (text.size() > 1 && text[0] == '/');
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && consists_of(text.substr(0, 1), "", true) &&
         consists_of(text, "._-", true);
}

std::string read_name(const Node& node) {
  return read_token(node, "a name of a-z, 0-9, '.', '_' and '-'", is_name);
}

OutputRef read_output_ref(const Node& node) {
  constexpr std::string_view kExpected = "RECIPE or RECIPE:OUTPUT";
  if (node.type != Node::Type::scalar)
    reject(node, kExpected);
  const auto parts = split(node.scalar, ':');
  if (parts.size() > 2 || !std::all_of(parts.begin(), parts.end(), is_name))
    reject(node, kExpected);
  return {parts[0], parts.size() == 2 ? parts[1] : "", node.at()};
}

std::string read_inner_path(const Node& node) {
  const auto path = RelativePath::parse(read_line(node), true);
  if (!path)
    reject(node, "a path inside the image");
  return path->str();
}

std::string read_absolute_path(const Node& node) {
  const auto text = read_line(node);
  if (text == "/")
    return text;
  const auto path = RelativePath::parse(text, true);
  if (!path || text[0] != '/')
    reject(node, "an absolute path");
  return "/" + path->str();
}

std::string read_workspace_path(const Node& node) {
  const auto path = RelativePath::parse(read_line(node));
  if (!path)
    reject(node, "a path inside the workspace");
  return path->str();
}

std::string read_key_path(const Node& node) {
  const auto text = read_line(node);
  const auto path = RelativePath::parse(text, true);
  if (!path)
    reject(node, "a path inside the workspace, or an absolute one");
  return text[0] == '/' ? "/" + path->str() : path->str();
}

std::string read_uri(const Node& node) {
  auto text = read_line(node);
  // RFC 3986: a scheme, then at least one character; no space anywhere.
  const auto colon = text.find(':');
  const bool scheme =
      colon != std::string::npos && colon > 0 &&
      ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z') &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '-' || c == '.';
      });
  if (!scheme || colon + 1 == text.size() || text.find_first_of(" \t") != std::string::npos)
    reject(node, "a URI, as https://ci.example.com/images");
  return text;
}

std::string read_glob(const Node& node) {
  auto text = read_line(node);
  try {
    const Glob glob(text);
  } catch (const Error& error) {
    throw error_at(node.at(), error.message());
  }
  return text;
}

std::string read_git_url(const Node& node) {
  auto text = read_line(node);
  if (!is_git_url(text))
    reject(node, "a URL that git clones from (https, http, ssh, file or user@host:path)");
  return text;
}

std::string read_archive_origin(const Node& node) {
  constexpr std::string_view kDebian = "debian-source";
  auto text = read_line(node);
  if (text == kDebian || has_scheme(text, {"https://", "http://", "file:///"}))
    return text;
  if (text.find("://") != std::string::npos)
    reject(node, "an https, http or file URL");
  // A path may be any word, but one that looks like the keyword is rather the keyword misspelt.
  if (text.find_first_of("/.") == std::string::npos && nearest(text, {std::string(kDebian)}))
    throw unknown_word(
        node.at(), cat("an archive can't come from '", text, "'"), text, {std::string(kDebian)});
  return read_workspace_path(node);
}

std::string read_mirror(const Node& node) {
  auto text = read_line(node);
  while (!text.empty() && text.back() == '/')
    text.pop_back();
  if (!has_scheme(text, {"https://", "http://", "file:///"}) ||
      text.find_first_of(" \t?#") != std::string::npos)
    reject(node, "the http, https or file URL of a Debian mirror");
  return text;
}

std::string read_registry(const Node& node) {
  constexpr std::string_view kExpected = "oci:PATH or host[:port]/prefix";
  const auto text = read_line(node);
  if (text.substr(0, 4) == "oci:") {
    if (text.size() == 4)
      reject(node, kExpected);
    return text;
  }
  if (text.find("://") != std::string::npos)
    throw error_at(node.at(), cat(node.describe(), " must be ", kExpected, ", not a URL"))
        .hint("leave out the scheme");
  const auto parts = split(text, '/');
  if (!is_registry_host(parts[0]) ||
      !std::all_of(parts.begin() + 1, parts.end(), is_repository_component))
    reject(node, kExpected);
  if (!names_registry(parts[0]))
    throw error_at(node.at(), cat(node.describe(), ": '", parts[0], "' is no registry's host"))
        .hint(cat("a host has a dot or a port, or is localhost; a folder is oci:", text));
  return text;
}

std::string read_repository(const Node& node) {
  auto text = read_registry(node);
  if (text.rfind("oci:", 0) != 0 && text.find('/') == std::string::npos)
    reject(node, "a repository, oci:PATH or host[:port]/name");
  return text;
}

namespace {

/// A pattern as one of the tags it can give: a digit for each placeholder.
std::string sample_tag(std::string_view pattern) {
  std::string tag;
  while (!pattern.empty()) {
    const std::string_view placeholder = pattern.starts_with("{version}") ? "{version}"
                                         : pattern.starts_with("{n}")     ? "{n}"
                                                                          : "";
    tag += placeholder.empty() ? pattern.front() : '0';
    pattern.remove_prefix(std::max<std::size_t>(placeholder.size(), 1));
  }
  return tag;
}

}  // namespace

std::string read_tag(const Node& node) {
  auto text = read_line(node);
  if (text.find("{n}") != std::string::npos || !is_tag(sample_tag(text)))
    reject(node, "a tag of letters, digits, '.', '_' and '-', with {version} in it or not");
  return text;
}

std::string read_numbered_tag(const Node& node) {
  constexpr std::string_view kNumber = "{n}";
  auto text = read_line(node);
  const auto at = text.find(kNumber);
  const auto filled = sample_tag(text);
  const bool letter = std::any_of(filled.begin(), filled.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  if (at == std::string::npos || text.find(kNumber, at + 1) != std::string::npos || !letter ||
      !is_tag(filled))
    reject(node, "a tag with {n} in it once and a letter, as {version}-bg.{n}");
  return text;
}

std::string read_version(const Node& node) {
  return read_token(node, "a version, as 1.2.13", [](std::string_view text) {
    return !text.empty() && text.size() <= kMaxVersion && is_alnum(text[0]) &&
           consists_of(text, "._-+~:");
  });
}

std::string read_package(const Node& node) {
  // Debian policy, section 5.6.1.
  return read_token(node, "a package name", [](std::string_view text) {
    return text.size() > 1 && text.size() <= kMaxName && consists_of(text.substr(0, 1), "", true) &&
           consists_of(text, "+-.", true);
  });
}

std::string read_suite(const Node& node) {
  return read_token(node, "a Debian suite, as bookworm", [](std::string_view text) {
    return !text.empty() && text.size() <= kMaxName && is_lower(text[0]) &&
           consists_of(text, "-", true);
  });
}

std::string read_advisory(const Node& node) {
  return read_token(node, "an identifier, as CVE-2023-45853", [](std::string_view text) {
    return !text.empty() && text.size() <= kMaxName && is_alnum(text[0]) &&
           consists_of(text, "._:/#-");
  });
}

std::string read_environment_name(const Node& node) {
  return read_token(node, "the name of an environment variable", [](std::string_view text) {
    return !text.empty() && !is_digit(text[0]) && consists_of(text, "_");
  });
}

std::pair<std::uint32_t, std::uint32_t> read_owner(const Node& node) {
  constexpr std::string_view kExpected = "an owner as UID:GID in numbers";
  if (node.type != Node::Type::scalar)
    reject(node, kExpected);
  const auto parts = split(node.scalar, ':');
  const auto uid = parse_id(parts[0]);
  const auto gid = parts.size() == 2 ? parse_id(parts[1]) : std::nullopt;
  if (!uid || !gid)
    reject(node, kExpected);
  return {*uid, *gid};
}

std::string read_user(const Node& node) {
  return read_token(node, "a user as UID[:GID] or NAME[:GROUP]", [](std::string_view text) {
    const auto parts = split(text, ':');
    return parts.size() <= 2 && std::all_of(parts.begin(), parts.end(), is_user_part);
  });
}

std::string read_port(const Node& node) {
  constexpr std::string_view kExpected = "a port, as 80/tcp or 53/udp";
  if (node.type != Node::Type::scalar)
    reject(node, kExpected);
  const auto parts = split(node.scalar, '/');
  const auto protocol = parts.size() == 1 ? "tcp" : parts[1];
  const auto port = parse_number(parts[0]);
  if (parts.size() > 2 || !port || *port == 0 || *port > 65535 ||
      (protocol != "tcp" && protocol != "udp" && protocol != "sctp"))
    reject(node, kExpected);
  return cat(*port, "/", protocol);
}

std::string read_signal(const Node& node) {
  return read_token(node, "a signal, as SIGTERM", [](std::string_view text) {
    const auto number = parse_number(text);
    const bool name = text.size() > 3 && text.substr(0, 3) == "SIG" &&
                      std::all_of(text.begin(), text.end(), [](char c) {
                        return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '+' || c == '-';
                      });
    return name || (number && *number >= 1 && *number <= 64);
  });
}

}  // namespace cullet::workspace
