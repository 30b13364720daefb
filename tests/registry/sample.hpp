// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/image/oci_layout.hpp"
#include "cullet/registry/copy.hpp"
#include "cullet/registry/remote.hpp"

#include "support/servers.hpp"

namespace cullet::test {

/// Where a blob of these bytes comes from.
image::BlobOrigin origin_of(const std::string& bytes);
/// Puts bytes as a blob.
image::Descriptor put(image::Repository& to, const std::string& bytes, const std::string& type);
/// Puts an image with these layers, under its digest.
image::Descriptor put_image(image::Repository& to, const std::vector<std::string>& layers);
/// Puts an artifact that refers to `subject`.
image::Descriptor put_referrer(image::Repository& to,
                               const image::Descriptor& subject,
                               const std::string& type,
                               const std::string& content);
/// Puts `signatures` under the tag "sha256-HEX.sig", as cosign does.
image::Descriptor put_signatures(image::Repository& to,
                                 const image::Descriptor& subject,
                                 const std::vector<std::string>& signatures);
void tag(image::Repository& repository, const std::string& name, const image::Descriptor& manifest);
std::string signature_tag(const image::Descriptor& subject);
/// All of a blob.
std::string read(image::Repository& from, const image::Descriptor& blob);

/// What a test of one registry needs: a client, options and repositories.
struct Peer {
  explicit Peer(const Servers& the_servers) : servers(the_servers) {}

  /// A repository behind the faulty proxy, if there is one, else in the registry itself.
  std::unique_ptr<image::Repository> open(const std::string& name = "some/app");
  /// An empty layout.
  std::unique_ptr<image::Repository> layout(const std::string& name = "layout");
  /// Writes a docker configuration with the registry's user and lets it be read.
  void log_in(const std::string& password = {});
  void use_config(const Json& config);
  [[nodiscard]] std::string host() const;

  const Servers& servers;
  Cancel cancel;
  http::Options http_options = fast_options();
  registry::RemoteOptions options;
  std::unique_ptr<http::Client> client;
};

/// What `work` throws.
Error failure(const std::function<void()>& work);

}  // namespace cullet::test
