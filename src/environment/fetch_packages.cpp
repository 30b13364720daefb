// SPDX-License-Identifier: Apache-2.0

#include "cullet/base/error.hpp"
#include "cullet/environment/rootfs.hpp"
#include "cullet/http/fetch.hpp"

namespace cullet::environment {
namespace {

/// Mirrors answer one connection at a time slowly; more than this is unkind to them.
constexpr unsigned kParallel = 6;

std::string url_of(const std::string& mirror, const std::string& path) {
  auto url = mirror + "/";
  for (const char c : path)
    url += c == '%' ? std::string("%25") : std::string(1, c);
  return url;
}

/// Debian keeps security fixes below pool/updates of another archive: asking that one first saves a
/// "not found" for each, and the others the same for theirs.
std::vector<std::string> urls_of(const std::vector<std::string>& mirrors, const std::string& path) {
  const bool security = path.rfind("pool/updates/", 0) == 0;
  std::vector<std::string> likely, others;
  for (const auto& mirror : mirrors) {
    const bool has_security = mirror.find("security", mirror.rfind('/') + 1) != std::string::npos;
    (has_security == security ? likely : others).push_back(url_of(mirror, path));
  }
  likely.insert(likely.end(), others.begin(), others.end());
  return likely;
}

}  // namespace

void fetch_packages(const RootfsContext& context, const std::vector<LockedPackage>& packages) {
  std::vector<http::Download> downloads;
  for (const auto& package : packages)
    if (!context.store.has_blob(package.sha256))
      downloads.push_back({urls_of(context.mirrors, package.path),
                           package.sha256,
                           package.size,
                           package.path.substr(package.path.rfind('/') + 1)});
  if (downloads.empty())
    return;
  if (context.mirrors.empty())
    throw Error(Kind::machine, "no Debian mirror is known on this machine")
        .detail(downloads[0].name + " is not in the store")
        .hint("give `mirrors` in cullet.yaml");
  with_context("fetching Debian packages", [&] {
    http::fetch(
        context.http, context.store, downloads, kParallel, context.cancel, context.progress);
  });
}

}  // namespace cullet::environment
