// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cullet/http/client.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/registry/reference.hpp"

namespace cullet::registry {

struct Credentials {
  std::string username, password;
  std::string identity_token;  ///< instead of both; an OAuth2 refresh token
};

/// Where credentials come from: files as containers-auth.json(5) and docker's config.json have
/// them, in order. In each, the helper of a host (`credHelpers`) counts before the one of all hosts
/// (`credsStore`), and that before what the file says itself (`auths`). The cli reads the paths
/// from its environment.
struct CredentialFiles {
  std::vector<std::filesystem::path> files;     ///< those that don't exist are skipped
  std::vector<std::string> helper_environment;  ///< environment for docker-credential-X
};
/// For "HOST[:PORT]" and repository; the most specific key wins. nullopt: anonymous. Throws
/// Kind::input for a malformed file, Kind::machine for a helper that fails.
std::optional<Credentials> find_credentials(const CredentialFiles& files,
                                            const std::string& host,
                                            const std::string& repository,
                                            const Cancel& cancel);

enum class Upload {
  automatic,   ///< POST + PUT; chunks only where the blob is larger than `chunk` (if set)
  monolithic,  ///< POST, one PUT
  chunked,     ///< POST, PATCH per chunk, PUT
};

struct RemoteOptions {
  bool plain_http = false;  ///< always true for loopback hosts when https is refused
  CredentialFiles credentials;
  // Commands leave these as they are; tests bring about what few registries ask for.
  Upload upload = Upload::automatic;
  std::uint64_t chunk = 0;                                     ///< bytes; 0: whole blob
  std::function<void(std::uint64_t, std::uint64_t)> progress;  ///< bytes sent of this blob, size
};

/// A repository in a registry that speaks distribution-spec 1.1. Authenticates on demand
/// (anonymous, Basic, Bearer with scopes; expired tokens are renewed, in mid-push too).
std::unique_ptr<image::Repository> open_remote(http::Client& client,
                                               const Reference& reference,
                                               const RemoteOptions& options,
                                               const Cancel& cancel);

/// Opens a layout (creating it if `create`) or a registry's repository, as the reference says.
std::unique_ptr<image::Repository> open_repository(http::Client& client,
                                                   const Reference& reference,
                                                   const RemoteOptions& options,
                                                   bool create,
                                                   const Cancel& cancel);

}  // namespace cullet::registry
