// SPDX-License-Identifier: Apache-2.0
#include "tls.hpp"

#include <filesystem>

#include <curl/curl.h>
#include <fcntl.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet::http {
namespace {

constexpr std::uint64_t kMaxBundle = std::uint64_t{16} << 20U;

std::string default_bundle() {
  const auto* info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_TENTH && info->cainfo != nullptr ? info->cainfo : "";
}

bool exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// docker and podman add a host's authorities to the system's. libcurl takes one bundle, so both
/// are put into one.
std::string joined_bundle(const std::string& base, const std::vector<std::string>& extra) {
  std::string bundle;
  if (!base.empty() && exists(base))
    bundle = read_file(base, kMaxBundle);
  for (const auto& file : extra)
    bundle += "\n" + read_file(file, kMaxBundle);
  return bundle;
}

HostTls from_directory(const Options& options, const std::filesystem::path& directory) {
  HostTls tls;
  std::vector<std::string> authorities;
  const Fd handle = open_directory(directory);
  for (const auto& name : list_directory(handle.get(), directory.string())) {
    const auto path = directory / name;
    if (path.extension() == ".crt")
      authorities.push_back(path.string());
    if (path.extension() != ".cert" || !tls.certificate.empty())
      continue;
    tls.certificate = path.string();
    tls.key = std::filesystem::path(path).replace_extension(".key").string();
    if (!exists(tls.key))
      throw Error(Kind::input, cat(tls.certificate, " has no key: ", tls.key, " does not exist"))
          .hint("put the key that belongs to the certificate there, or remove the certificate");
  }
  tls.ca_file = options.ca_file;
  if (!authorities.empty())
    tls.ca_bundle =
        joined_bundle(options.ca_file.empty() ? default_bundle() : options.ca_file, authorities);
  return tls;
}

}  // namespace

HostTls find_tls(const Options& options, const Url& url) {
  const auto with_port = url.host + ":" + url.port;
  std::vector<std::string> names = {with_port};
  for (const auto& name : {url.authority(), url.host})
    names.push_back(name);
  for (const auto& name : names) {
    const auto found = options.tls.find(name);
    if (found == options.tls.end())
      continue;
    const auto& tls = found->second;
    return {.ca_file = tls.ca_file.empty() ? options.ca_file : tls.ca_file,
            .ca_bundle = {},
            .certificate = tls.client_certificate,
            .key = tls.client_key};
  }
  // A directory "host" is for the default port alone, as docker and podman have it.
  for (const auto& directory : options.certs_directories)
    for (const auto& name : {with_port, url.authority()}) {
      std::error_code ignored;
      if (std::filesystem::is_directory(directory / name, ignored))
        return with_context(cat("reading the certificates for ", url.authority()),
                            [&] { return from_directory(options, directory / name); });
    }
  return {.ca_file = options.ca_file, .ca_bundle = {}, .certificate = {}, .key = {}};
}

}  // namespace cullet::http
