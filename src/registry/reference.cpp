// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/reference.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/image_name.hpp"
#include "cullet/base/text.hpp"

namespace cullet::registry {
namespace {

constexpr std::string_view kLayout = "oci:";
constexpr std::size_t kMaxName = 255;

Error wrong(std::string_view text, const std::string& why) {
  return Error(Kind::input, cat("'", printable(text), "' is no image reference: ", why));
}

/// Takes "@DIGEST" and ":TAG" off the end.
std::string_view take_tag_and_digest(std::string_view text,
                                     std::string_view rest,
                                     Reference& into) {
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto digest = rest.substr(at + 1);
    // A folder may have '@' in its name; a digest has ':'.
    if (!into.layout || digest.find('/') == std::string_view::npos) {
      into.digest = BlobDigest::parse(digest);
      if (!into.digest)
        throw wrong(text, "after '@' comes 'sha256:' and 64 hexadecimal digits in lower case");
      rest = rest.substr(0, at);
    }
  }
  const auto slash = rest.rfind('/');
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash))
    return rest;
  into.tag = rest.substr(colon + 1);
  if (!is_tag(into.tag))
    throw wrong(text,
                cat("'",
                    printable(into.tag),
                    "' is no tag: letters, digits, '_', '.' and '-', at most 128, and the "
                    "first is a letter, a digit or '_'"));
  return rest.substr(0, colon);
}

void parse_remote(std::string_view text, std::string_view rest, Reference& into) {
  const auto slash = rest.find('/');
  const auto host = rest.substr(0, slash);
  if (slash == std::string_view::npos || !names_registry(host))
    throw wrong(text, "it names no registry")
        .hint(cat("write HOST/", printable(rest), " for a registry, or oci:PATH for a folder"));
  if (!is_registry_host(host))
    throw wrong(text, cat("'", printable(host), "' is no host with an optional port"));
  into.host = host;
  into.repository = rest.substr(slash + 1);
  if (into.repository.size() > kMaxName)
    throw wrong(text, cat("the repository's name is longer than ", kMaxName, " characters"));
  for (const auto& component : split(into.repository, '/'))
    if (!is_repository_component(component))
      throw wrong(text,
                  cat("'",
                      printable(component),
                      "' can't be part of a repository's name: lower-case letters and digits, "
                      "separated by '.', '_', '__' or '-'"));
}

}  // namespace

Reference Reference::parse(std::string_view text) {
  Reference reference;
  if (text.find('\0') != std::string_view::npos)
    throw wrong(text, "it holds a NUL character");
  if (text.starts_with(kLayout)) {
    reference.layout = true;
    const auto path = take_tag_and_digest(text, text.substr(kLayout.size()), reference);
    if (path.empty())
      throw wrong(text, "no path follows 'oci:'");
    reference.repository = path;
    return reference;
  }
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
    throw wrong(text, "it is a URL")
        .hint(cat("leave out '", printable(text.substr(0, scheme + 3)), "'"));
  // The host's port comes before the first '/', a tag after the last.
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    parse_remote(text, text, reference);
    return reference;
  }
  const auto path = take_tag_and_digest(text, text.substr(slash), reference);
  parse_remote(text, cat(text.substr(0, slash), path), reference);
  return reference;
}

std::string Reference::name() const {
  return layout ? cat(kLayout, repository) : cat(host, "/", repository);
}

std::string Reference::str() const {
  return cat(name(), tag.empty() ? "" : ":", tag, digest ? "@" + digest->str() : "");
}

}  // namespace cullet::registry
