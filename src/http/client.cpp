// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/client.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <variant>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/backoff.hpp"
#include "cullet/http/url.hpp"

#include "session.hpp"

namespace cullet::http {
namespace {

constexpr int kMaxRedirects = 5;
constexpr std::size_t kMaxIdle = 16;
constexpr std::size_t kMaxBody = std::size_t{8} << 20U;
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10U;

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Error cannot(const Request& request, const Url& url, const Failure& failure) {
  const auto* verb = request.method == "GET" || request.method == "HEAD" ? "reach " : "send to ";
  Error error(Kind::machine, cat("cannot ", verb, url.shown(), ": ", failure.reason));
  if (!failure.hint.empty())
    error.hint(failure.hint);
  return error;
}

class EmptySource final : public Source {
 public:
  std::size_t read(std::span<std::byte> /*into*/) override { return 0; }
};

}  // namespace

std::optional<std::string> Response::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::nullopt : std::optional(found->second);
}

struct Client::State {
  State(Options the_options, Cancel the_cancel)
      : options(std::move(the_options)), cancel(std::move(the_cancel)) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
      throw Error(Kind::machine, "cannot initialise libcurl");
  }
  ~State() {
    idle.clear();
    curl_global_cleanup();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  struct GiveBack {
    State* state;
    void operator()(Session* session) const noexcept { state->give_back(session); }
  };
  using Lease = std::unique_ptr<Session, GiveBack>;

  Lease lease(const Url& url);
  void give_back(Session* session) noexcept;
  const HostTls& tls_for(const Url& url);

  /// One attempt, redirects followed.
  std::variant<Stream, Failure> attempt(const Request& request, Url url);
  Stream open(const Request& request, Url url, Backoff& backoff);
  [[nodiscard]] Url checked_url(const Request& request) const;

  const Options options;
  const Cancel cancel;
  std::mutex mutex;
  std::vector<std::unique_ptr<Session>> idle;
  std::map<std::string, HostTls> tls;
};

namespace {

/// Reads what a session receives; gives it back at the end.
template <class Lease>
class SessionSource final : public Source {
 public:
  SessionSource(Lease lease, std::string url) : lease_(std::move(lease)), url_(std::move(url)) {}

  std::size_t read(std::span<std::byte> into) override {
    if (!lease_)
      return 0;
    if (lease_->buffer().empty()) {
      if (const auto failure = lease_->fill())
        throw Error(Kind::machine, cat("the transfer of ", url_, " broke off: ", failure->reason));
    }
    const auto ready = lease_->buffer();
    if (ready.empty()) {
      lease_.reset();
      return 0;
    }
    const auto count = std::min(ready.size(), into.size());
    std::copy_n(ready.begin(), count, into.begin());
    lease_->consume(count);
    return count;
  }

 private:
  Lease lease_;
  std::string url_;
};

/// What a redirect leads to (RFC 9110, section 15.4).
struct Hop {
  std::string method;
  bool with_body = false;
  Url url;
  Headers headers;
};

/// Whether another origin may see a header: one that says something of the content, not of who
/// asks. A login may be in any other, whatever its name ("private-token").
bool may_cross(const std::string& name) {
  constexpr std::array kContent = {
      "accept", "content-range", "content-type", "if-match", "if-range", "range", "user-agent"};
  return std::find(kContent.begin(), kContent.end(), name) != kContent.end();
}

std::optional<Failure> follow(Hop& hop, int status, const Headers& answer) {
  const auto location = answer.find("location");
  if (location == answer.end())
    return Failure{cat("status ", status, " without a Location"), false};
  auto next = hop.url.resolve(location->second);
  if (!next)
    return Failure{cat("redirected to '", printable(location->second), "', which is no http URL"),
                   false};
  if (hop.url.scheme == "https" && next->scheme == "http")
    return Failure{cat("redirected from https to plain http (", next->shown(), ")"), false};
  if (!same_origin(hop.url, *next))
    std::erase_if(hop.headers, [](const auto& header) { return !may_cross(header.first); });
  const bool to_get = (status == 303 && hop.method != "HEAD") ||
                      ((status == 301 || status == 302) && hop.method == "POST");
  if (to_get) {
    hop.method = "GET";
    hop.with_body = false;
    hop.headers.erase("content-type");
    hop.headers.erase("content-range");
  }
  hop.url = std::move(*next);
  return std::nullopt;
}

/// The start of an error's body; a body that breaks off or is longer doesn't matter.
std::string error_body(Session& session) {
  static_cast<void>(session.fill());
  const auto text = as_text(session.buffer());
  std::string body(text.substr(0, kMaxErrorBody));
  if (!session.ended())
    session.finish();
  return body;
}

}  // namespace

Client::State::Lease Client::State::lease(const Url& url) {
  const auto origin = url.scheme + "://" + url.authority();
  const std::lock_guard lock(mutex);
  auto found = std::find_if(
      idle.rbegin(), idle.rend(), [&](const auto& session) { return session->origin() == origin; });
  if (found == idle.rend())
    return {new Session(options, cancel), GiveBack{this}};
  Lease lease(found->release(), GiveBack{this});
  idle.erase(std::next(found).base());
  return lease;
}

void Client::State::give_back(Session* session) noexcept {
  std::unique_ptr<Session> owner(session);
  owner->finish();
  std::unique_ptr<Session> oldest;  // closed outside the lock
  const std::lock_guard lock(mutex);
  try {
    idle.push_back(std::move(owner));
    if (idle.size() > kMaxIdle) {
      oldest = std::move(idle.front());
      idle.erase(idle.begin());
    }
  } catch (const std::bad_alloc&) {
    owner.reset();
  }
}

const HostTls& Client::State::tls_for(const Url& url) {
  const std::lock_guard lock(mutex);
  const auto name = url.scheme + "://" + url.authority();
  if (const auto found = tls.find(name); found != tls.end())
    return found->second;
  return tls.emplace(name, url.scheme == "https" ? find_tls(options, url) : HostTls{})
      .first->second;
}

Url Client::State::checked_url(const Request& request) const {
  auto url = Url::parse(request.url);
  if (!url)
    throw Error(Kind::input, "a URL to open is not an http or https URL");
  if (options.offline)
    throw Error(Kind::machine, cat("--offline: ", url->shown(), " was not opened"))
        .hint("run the command without --offline");
  return std::move(*url);
}

std::variant<Stream, Failure> Client::State::attempt(const Request& request, Url url) {
  Hop hop{.method = request.method,
          .with_body = static_cast<bool>(request.body),
          .url = std::move(url),
          .headers = request.headers};
  if (!hop.url.user.empty() && hop.headers.find("authorization") == hop.headers.end())
    hop.headers.emplace("authorization", "Basic " + base64(hop.url.user + ":" + hop.url.password));
  for (int redirects = 0;; ++redirects) {
    auto session = lease(hop.url);
    if (auto failure = session->start({.request = request,
                                       .method = hop.method,
                                       .url = hop.url,
                                       .headers = hop.headers,
                                       .with_body = hop.with_body,
                                       .tls = tls_for(hop.url)}))
      return std::move(*failure);
    Response response{.status = session->status(),
                      .headers = session->headers(),
                      .body = {},
                      .url = hop.url.str()};
    if (request.follow_redirects && is_redirect(response.status)) {
      static_cast<void>(error_body(*session));
      if (redirects == kMaxRedirects)
        return Failure{cat("more than ", kMaxRedirects, " redirects"), false};
      if (auto failure = follow(hop, response.status, response.headers))
        return std::move(*failure);
      continue;
    }
    if (response.status / 100 == 2)
      return Stream{std::move(response),
                    std::make_unique<SessionSource<Lease>>(std::move(session), hop.url.shown())};
    response.body = error_body(*session);
    return Stream{std::move(response), std::make_unique<EmptySource>()};
  }
}

Stream Client::State::open(const Request& request, Url url, Backoff& backoff) {
  for (;;) {
    auto outcome = attempt(request, url);
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
      if (failure->no_tls && request.plain_if_no_tls && url.scheme == "https" && is_loopback(url)) {
        url.scheme = "http";
        continue;
      }
      if (!failure->transient || !request.retry || !backoff.wait())
        throw cannot(request, url, *failure);
      continue;
    }
    auto& stream = std::get<Stream>(outcome);
    const auto later = stream.response.header("retry-after");
    // GitHub's registry says "too often" by 403; then alone it has a Retry-After.
    const bool limited = stream.response.status == 403 && later;
    if (!request.retry || (!limited && !is_transient(stream.response.status)))
      return std::move(stream);
    if (!backoff.wait(later ? parse_retry_after(*later, options.now) : std::nullopt))
      return std::move(stream);
  }
}

Client::Client(Options options, Cancel cancel)
    : state_(std::make_unique<State>(std::move(options), std::move(cancel))) {}
Client::~Client() = default;

bool Client::offline() const noexcept {
  return state_->options.offline;
}
const Options& Client::options() const noexcept {
  return state_->options;
}

Stream Client::open(const Request& request) {
  const auto url = state_->checked_url(request);
  Backoff backoff(state_->options, state_->cancel);
  return state_->open(request, url, backoff);
}

Response Client::send(const Request& request) {
  const auto url = state_->checked_url(request);
  Backoff backoff(state_->options, state_->cancel);
  std::vector<std::byte> buffer(Session::kBuffer);
  for (;;) {
    auto stream = state_->open(request, url, backoff);
    if (stream.response.status / 100 != 2)
      return std::move(stream.response);
    std::uint64_t received = 0;
    for (;;) {
      std::size_t count = 0;
      try {
        count = stream.body->read(buffer);
      } catch (const Error& error) {
        const bool again = request.retry && error.kind() == Kind::machine &&
                           (request.sink == nullptr || request.reset_sink || received == 0);
        if (!again || !backoff.wait())
          throw;
        if (request.reset_sink)
          request.reset_sink();
        break;
      }
      if (count == 0)
        return std::move(stream.response);
      received += count;
      if (request.sink != nullptr)
        request.sink->write(std::span(buffer).first(count));
      else if (stream.response.body.size() + count > kMaxBody)
        throw cannot(request, url, {cat("the answer is larger than ", human_size(kMaxBody))});
      else
        stream.response.body.append(as_text(std::span(buffer).first(count)));
      if (request.progress && !request.body)
        request.progress(received);
    }
  }
}

}  // namespace cullet::http
