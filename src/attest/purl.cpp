// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/purl.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

std::string debian_release(std::string_view suite) {
  constexpr std::pair<std::string_view, std::string_view> kReleases[] = {
      {"buster", "10"}, {"bullseye", "11"}, {"bookworm", "12"}, {"trixie", "13"}, {"forky", "14"}};
  for (const auto& [name, number] : kReleases)
    if (name == suite)
      return std::string(number);
  return std::string(suite);
}

std::string deb_purl(const environment::LockedPackage& package, std::string_view suite) {
  std::string upstream;
  if (!package.source.empty() &&
      (package.source != package.name || package.source_version != package.version)) {
    upstream = package.source;
    if (!package.source_version.empty() && package.source_version != package.version)
      upstream += "@" + package.source_version;
  }
  return cat("pkg:deb/debian/",
             percent_encode(package.name),
             "@",
             percent_encode(package.version),
             "?arch=",
             percent_encode(package.architecture),
             "&distro=debian-",
             percent_encode(debian_release(suite)),
             upstream.empty() ? "" : "&upstream=" + percent_encode(upstream));
}

std::string git_uri(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    // "user@host:path", as ssh and git write it.
    const auto colon = url.find(':');
    if (colon == std::string_view::npos || colon == 0 || url.find('/') < colon)
      return {};
    return cat("git+ssh://", url.substr(0, colon), "/", url.substr(colon + 1));
  }
  if (url.substr(0, scheme) == "file")
    return {};
  const auto rest = url.substr(scheme + 3);
  const auto host_end = std::min(rest.find('/'), rest.size());
  const auto at = rest.substr(0, host_end).rfind('@');
  const bool ssh = url.substr(0, scheme) == "ssh";
  const auto kept = at == std::string_view::npos || ssh ? rest : rest.substr(at + 1);
  return cat("git+", url.substr(0, scheme), "://", kept);
}

std::string image_purl(const BlobDigest& digest,
                       std::string_view repository,
                       std::string_view repository_url) {
  const auto name = repository.substr(repository.find_last_of('/') + 1);
  const auto purl =
      cat("pkg:oci/", percent_encode(lower_case(name)), "@", percent_encode(digest.str()));
  return repository_url.empty() ? purl
                                : cat(purl, "?repository_url=", percent_encode(repository_url));
}

std::string fork_purl(const workspace::Fork& fork) {
  const auto& origin = fork.upstream.empty() ? fork.url : fork.upstream;
  const auto version = fork.version.empty() ? fork.commit : fork.version;
  constexpr std::string_view kGitHub = "https://github.com/";
  if (origin.rfind(kGitHub, 0) == 0) {
    auto name = origin.substr(kGitHub.size());
    if (name.ends_with(".git"))
      name.resize(name.size() - 4);
    if (std::count(name.begin(), name.end(), '/') == 1)
      return cat(
          "pkg:github/", percent_encode(lower_case(name), "/"), "@", percent_encode(version));
  }
  const auto uri = git_uri(origin);
  return cat("pkg:generic/",
             percent_encode(fork.name),
             "@",
             percent_encode(version),
             uri.empty() ? "" : "?vcs_url=" + percent_encode(cat(uri, "@", fork.commit)));
}

}  // namespace cullet::attest
