// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::registry {
namespace {

// With what is known, with what the challenge asks for, with a wider token.
constexpr int kAuthorisations = 3;

const http::Response& response_of(const http::Response& response) {
  return response;
}
const http::Response& response_of(const http::Stream& stream) {
  return stream.response;
}

}  // namespace

Connection::Connection(http::Client& client,
                       const Reference& reference,
                       RemoteOptions options,
                       Cancel cancel)
    : client_(client),
      reference_(reference),
      options_(std::move(options)),
      cancel_(std::move(cancel)),
      plain_(options_.plain_http),
      authorizer_(client, options_.credentials, reference.host, reference.repository, cancel_) {}

http::Url Connection::url(const std::string& path) const {
  const auto text = cat(
      plain_ ? "http://" : "https://", reference_.host, "/v2/", reference_.repository, "/", path);
  auto parsed = http::Url::parse(text);
  if (!parsed)
    throw Error(Kind::input, cat("'", reference_.name(), "' does not make a URL"));
  return std::move(*parsed);
}

http::Url Connection::resolve(const http::Response& response, const std::string& target) const {
  const auto base = http::Url::parse(response.url);
  auto resolved = base ? base->resolve(target) : std::nullopt;
  if (!resolved)
    throw Error(Kind::machine,
                cat(host(), " sends to '", printable(target).substr(0, 200), "', which is no URL"));
  if (base->scheme == "https" && resolved->scheme != "https")
    throw Error(Kind::machine, cat(host(), " sends from https to plain http: ", resolved->shown()))
        .hint("a proxy in front of the registry has to pass on X-Forwarded-Proto");
  resolved->user.clear();
  resolved->password.clear();
  return std::move(*resolved);
}

template <class Send>
auto Connection::authorised(const Call& call, Send send) {
  for (int attempt = 1;; ++attempt) {
    const auto base = url("");
    const bool own = http::same_origin(call.url, base) ||
                     (call.url.scheme == "https" && call.url.host == base.host &&
                      call.url.port == base.port);  // made before plain http was found out
    http::Request request;
    request.method = call.method;
    auto target = call.url;
    if (own)
      target.scheme = base.scheme;
    request.url = target.str();
    request.headers = call.headers;
    request.body = call.body;
    request.body_size = call.body_size;
    request.retry = call.retry;
    request.progress = call.progress;
    request.plain_if_no_tls = own;
    const auto header = own ? authorizer_.header(call.scope) : std::nullopt;
    if (header)
      request.headers.emplace("authorization", *header);
    auto result = send(request);
    const auto& response = response_of(result);
    const auto answered = http::Url::parse(response.url);
    if (own && base.scheme == "https" && answered && answered->scheme == "http")
      plain_ = true;  // only where plain_if_no_tls allowed it: https never redirects to http
    if (response.headers.contains("docker-distribution-api-version"))
      distribution_ = true;
    // A challenge from where we were redirected to could name a token server of its own choice.
    if (response.status != 401 || !own || !answered || !http::same_origin(*answered, url("")) ||
        attempt == kAuthorisations ||
        !authorizer_.learn(response, *answered, call.scope, header, attempt > 1))
      return result;
  }
}

http::Response Connection::send(const Call& call) {
  return authorised(call, [this](const http::Request& request) { return client_.send(request); });
}

http::Stream Connection::open(const Call& call) {
  return authorised(call, [this](const http::Request& request) { return client_.open(request); });
}

}  // namespace cullet::registry
