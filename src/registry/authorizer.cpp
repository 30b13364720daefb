// SPDX-License-Identifier: Apache-2.0
#include "authorizer.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"

#include "failure.hpp"

namespace cullet::registry {
namespace {

// distribution's token specification: what counts when expires_in is missing.
constexpr std::int64_t kDefaultLifetime = 60;
constexpr std::int64_t kMaxLifetime = 24 * 3600;
constexpr std::uint64_t kMaxAnswer = std::uint64_t{1} << 20U;

std::string parameter(const Challenge& challenge, const char* name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? "" : found->second;
}

std::vector<Challenge> challenges_of(const http::Response& response) {
  std::vector<Challenge> result;
  const auto [begin, end] = response.headers.equal_range("www-authenticate");
  for (auto header = begin; header != end; ++header)
    for (auto& challenge : parse_challenges(header->second))
      result.push_back(std::move(challenge));
  return result;
}

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + base64(user + ":" + password);
}

std::int64_t lifetime_of(const Json& answer) {
  const auto found = answer.find("expires_in");
  if (found == answer.end() || !found->is_number_integer())
    return kDefaultLifetime;
  return std::clamp<std::int64_t>(found->get<std::int64_t>(), 1, kMaxLifetime);
}

}  // namespace

Authorizer::Authorizer(http::Client& client,
                       const CredentialFiles& files,
                       std::string host,
                       std::string repository,
                       Cancel cancel)
    : client_(client),
      files_(files),
      host_(std::move(host)),
      repository_(std::move(repository)),
      cancel_(std::move(cancel)) {}

std::optional<std::string> Authorizer::header(const Scope& scope) {
  const std::lock_guard lock(mutex_);
  auto known = known_header(scope);
  // Asking the registry first would only bring the same challenge again.
  return known || !server_ ? known : fetch_token(scope);
}

std::optional<std::string> Authorizer::known_header(const Scope& scope) {
  if (basic_)
    return basic(credentials_->username, credentials_->password);
  const auto& now = client_.options().now;
  for (const auto& token : tokens_) {
    const bool covers = (token.scope.push || !scope.push) &&
                        (scope.mount_from.empty() || scope.mount_from == token.scope.mount_from);
    if (covers && (!now || now() < token.expires))
      return token.header();
  }
  return std::nullopt;
}

/// The scope of what is pushed comes first: some servers read no other (GitLab).
std::vector<std::string> Authorizer::scopes(const Scope& scope) const {
  std::vector<std::string> result = {
      cat("repository:", repository_, scope.push ? ":pull,push" : ":pull")};
  if (!scope.mount_from.empty())
    result.push_back(cat("repository:", scope.mount_from, ":pull"));
  if (!extra_scope_.empty())
    result.push_back(extra_scope_);
  return result;
}

bool Authorizer::learn(const http::Response& unauthorized,
                       const http::Url& registry,
                       const Scope& scope,
                       const std::optional<std::string>& used,
                       bool fresh) {
  const std::lock_guard lock(mutex_);
  if (const auto known = known_header(scope); known && known != used)
    return true;  // another thread was faster
  std::erase_if(tokens_, [&](const Token& token) { return token.header() == used; });
  const auto challenges = challenges_of(unauthorized);
  for (const auto& challenge : challenges)
    if (challenge.scheme == "bearer" && learn_bearer(challenge, registry, scope, fresh))
      return true;
  for (const auto& challenge : challenges) {
    if (challenge.scheme != "basic" || !credentials() || credentials_->username.empty())
      continue;
    basic_ = used != basic(credentials_->username, credentials_->password);
    return basic_;
  }
  return false;
}

bool Authorizer::learn_bearer(const Challenge& challenge,
                              const http::Url& registry,
                              const Scope& scope,
                              bool fresh) {
  auto realm = http::Url::parse(parameter(challenge, "realm"));
  if (!realm)
    return false;
  if (registry.scheme == "https" && realm->scheme != "https")
    throw Error(Kind::machine, cat(host_, " sends to a token server without TLS: ", realm->shown()))
        .hint("credentials are not sent there; the registry's configuration is wrong");
  realm->user.clear();
  realm->password.clear();
  server_ = TokenServer{.realm = std::move(*realm), .service = parameter(challenge, "service")};
  if (fresh) {
    // A token for our scopes was not enough; the registry may name one that it wants besides.
    const auto asked = parameter(challenge, "scope");
    const auto own = scopes(scope);
    if (asked.empty() || std::find(own.begin(), own.end(), asked) != own.end())
      return false;
    extra_scope_ = asked;
  }
  fetch_token(scope);
  return true;
}

const std::optional<Credentials>& Authorizer::credentials() {
  if (!std::exchange(looked_, true))
    credentials_ = find_credentials(files_, host_, repository_, cancel_);
  return credentials_;
}

std::string Authorizer::fetch_token(const Scope& scope) {
  const auto wanted = scopes(scope);
  const auto response = credentials() && !credentials_->identity_token.empty()
                            ? ask_with_identity_token(wanted)
                            : ask(wanted);
  const auto doing = cat("get a token for ", host_);
  if (response.status / 100 != 2) {
    auto error = unexpected(doing, server_->realm.shown(), response, host_);
    if (response.status == 401 || response.status == 403)
      error.detail(credentials_ ? cat("asked as '", printable(credentials_->username), "'")
                                : "asked without credentials: none are known for this registry");
    throw std::move(error);
  }
  const auto what = cat("the answer of ", server_->realm.shown());
  const auto json = parse_json(response.body, what, kMaxAnswer);
  if (!json.is_object())
    throw Error(Kind::machine, cat("cannot ", doing, ": ", what, " is no JSON object"));
  auto text = optional_string(json, "token", what);
  if (text.empty())
    text = optional_string(json, "access_token", what);
  if (text.empty())
    throw Error(Kind::machine, cat("cannot ", doing, ": ", what, " holds no token"));
  const auto& now = client_.options().now;
  const auto lifetime = lifetime_of(json);
  // A token that dies on the way to the registry costs a whole request more.
  const auto margin = std::min<std::int64_t>(10, lifetime / 10);
  std::erase_if(tokens_, [&](const Token& token) {
    return token.scope.push == scope.push && token.scope.mount_from == scope.mount_from;
  });
  tokens_.push_back(
      {.scope = scope, .text = std::move(text), .expires = now ? now() + lifetime - margin : 0});
  return tokens_.back().header();
}

http::Response Authorizer::ask(const std::vector<std::string>& scopes) {
  auto url = server_->realm;
  if (!server_->service.empty())
    url = url.with_query("service=" + percent_encode(server_->service));
  for (const auto& scope : scopes)
    url = url.with_query("scope=" + percent_encode(scope));
  http::Request request;
  request.url = url.str();
  if (credentials_) {
    const auto& secret =
        credentials_->password.empty() ? credentials_->identity_token : credentials_->password;
    request.headers.emplace("authorization", basic(credentials_->username, secret));
  }
  return client_.send(request);
}

http::Response Authorizer::ask_with_identity_token(const std::vector<std::string>& scopes) {
  const auto form = cat("grant_type=refresh_token&client_id=cullet&service=",
                        percent_encode(server_->service),
                        "&refresh_token=",
                        percent_encode(credentials_->identity_token),
                        "&scope=",
                        percent_encode(join(scopes, " ")));
  http::Request request;
  request.method = "POST";
  request.url = server_->realm.str();
  request.headers.emplace("content-type", "application/x-www-form-urlencoded");
  request.body = [&form] { return std::make_unique<MemorySource>(form); };
  request.body_size = form.size();
  // A redirect would carry the form, and in it the identity token, to another host.
  request.follow_redirects = false;
  auto response = client_.send(request);
  const bool unknown = response.status == 404 || response.status == 405 || response.status == 501;
  return unknown ? ask(scopes) : response;
}

}  // namespace cullet::registry
