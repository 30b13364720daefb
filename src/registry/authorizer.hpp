// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/http/client.hpp"
#include "cullet/http/url.hpp"
#include "cullet/registry/remote.hpp"

#include "challenge.hpp"

namespace cullet::registry {

/// What a request needs to be allowed.
struct Scope {
  bool push = false;
  std::string mount_from;  ///< a further repository to read from; empty: none
};

/// Makes Authorization headers for one repository: nothing until the registry asks, then Basic, or
/// Bearer tokens, each kept for its scope until it expires. Thread-safe; threads that need the same
/// token wait for one request.
class Authorizer {
 public:
  Authorizer(http::Client& client,
             const CredentialFiles& files,
             std::string host,
             std::string repository,
             Cancel cancel);

  /// The header to send from the start; nullopt: none is known to be needed. Renews a token that is
  /// about to expire.
  std::optional<std::string> header(const Scope& scope);
  /// Learns from a 401 to a request that had `used`, which was made for it just now if `fresh`.
  /// False: there is no better header to try. Throws Kind::machine when the token server fails or
  /// refuses.
  bool learn(const http::Response& unauthorized,
             const http::Url& registry,
             const Scope& scope,
             const std::optional<std::string>& used,
             bool fresh);

 private:
  struct Token {
    Scope scope;
    std::string text;
    std::int64_t expires = 0;
    [[nodiscard]] std::string header() const { return "Bearer " + text; }
  };
  struct TokenServer {
    http::Url realm;
    std::string service;
  };

  std::optional<std::string> known_header(const Scope& scope);
  [[nodiscard]] std::vector<std::string> scopes(const Scope& scope) const;
  bool learn_bearer(const Challenge& challenge,
                    const http::Url& registry,
                    const Scope& scope,
                    bool fresh);
  /// The header with a new token.
  std::string fetch_token(const Scope& scope);
  http::Response ask(const std::vector<std::string>& scopes);
  http::Response ask_with_identity_token(const std::vector<std::string>& scopes);
  const std::optional<Credentials>& credentials();

  http::Client& client_;
  const CredentialFiles& files_;
  const std::string host_, repository_;
  const Cancel cancel_;

  std::mutex mutex_;
  bool looked_ = false, basic_ = false;
  std::optional<Credentials> credentials_;
  std::optional<TokenServer> server_;
  std::string extra_scope_;  // what the registry asks for beyond what this class would
  std::vector<Token> tokens_;
};

}  // namespace cullet::registry
