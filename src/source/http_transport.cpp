// SPDX-License-Identifier: Apache-2.0
// git's smart HTTP protocol, version 0 (gitprotocol-http(5)), over the project's own client.
#include <memory>

#include "cullet/base/text.hpp"

#include "credentials.hpp"
#include "transport.hpp"

namespace cullet::source {
namespace {

constexpr std::string_view kService = "/info/refs?service=git-upload-pack";
constexpr std::string_view kAdvertisement = "application/x-git-upload-pack-advertisement";
constexpr std::string_view kResult = "application/x-git-upload-pack-result";
constexpr int kMaxMoves = 5;
constexpr std::size_t kMaxRequest = std::size_t{64} << 20U;

/// The client that git's configuration asks for, where it asks for anything of its own.
std::unique_ptr<http::Client> own_client(const Wire& wire) {
  const auto& url = wire.location.url;
  const auto proxy = wire.config.http_setting(url, "proxy");
  auto ca_file = wire.config.http_setting(url, "sslcainfo");
  if (const auto named = wire.context.environment.find("GIT_SSL_CAINFO");
      named != wire.context.environment.end())
    ca_file = named->second;
  if (!proxy && !ca_file)
    return nullptr;
  auto options = wire.context.http.options();
  if (proxy)
    options.proxies["http"] = options.proxies["https"] = *proxy;
  if (ca_file)
    options.ca_file = *ca_file;
  return std::make_unique<http::Client>(std::move(options), wire.context.cancel);
}

class HttpSubtransport {
 public:
  explicit HttpSubtransport(Wire& wire)
      : wire_(wire),
        own_(own_client(wire)),
        client_(own_ ? *own_ : wire.context.http),
        location_(wire.location) {
    use_credentials();
  }

  /// Both fill in `request`, which has to outlive the answer: the client reads it until then.
  http::Stream advertised(http::Request& request) {
    auto stream = authorized(request, kService);
    refuse_bad_answer(stream, kAdvertisement);
    return stream;
  }

  http::Stream negotiated(http::Request& request, const std::string& body) {
    request.method = "POST";
    request.headers.emplace("content-type", "application/x-git-upload-pack-request");
    request.headers.emplace("accept", kResult);
    request.body = [&body] { return std::make_unique<MemorySource>(body); };
    request.body_size = body.size();
    request.follow_redirects = false;  // http.followRedirects=initial, git's own rule
    auto stream = authorized(request, "/git-upload-pack");
    refuse_bad_answer(stream, kResult);
    return stream;
  }

  Wire& wire() noexcept { return wire_; }

 private:
  http::Stream authorized(http::Request& request, std::string_view service) {
    // Servers tell git from browsers by this prefix.
    request.headers.emplace("user-agent", "git/2.0 (cullet)");
    const auto headers = request.headers;
    for (int moves = 0;;) {
      request.url = cat(location_.url, service);
      request.headers = headers;
      const bool own_login = add_extra_headers(request);
      if (login_)
        set_login(request);
      auto stream = client_.open(request);
      const auto status = stream.response.status;
      const bool moved = (status == 200 || status == 401) && follow(stream.response.url, service);
      // Asked without what was for the place before; that says nothing of a login for this one.
      if (status == 401 && moved && ++moves <= kMaxMoves)
        continue;
      if (status == 401 && !moved && !own_login && (login_ = credentials_->next()))
        continue;
      if (login_ && status < 300 && !accepted_) {
        accepted_ = true;
        credentials_->accepted();
      }
      return stream;
    }
  }

  /// Later requests go where an answer came from, as git has it; to another origin with what is for
  /// that one. Whether that is a new place.
  bool follow(const std::string& answered, std::string_view service) {
    if (!answered.ends_with(service))
      throw Error(
          Kind::input,
          cat(location_.url, " redirects to ", printable(answered), ", which is no git URL"));
    auto place =
        Location::parse(std::string_view(answered).substr(0, answered.size() - service.size()), {});
    if (place.url == location_.url)
      return false;
    if (place.scheme == location_.scheme && place.host == location_.host &&
        place.port == location_.port) {
      place.user = location_.user;
      place.password = location_.password;
      location_ = std::move(place);
      return true;
    }
    location_ = std::move(place);
    use_credentials();
    return true;
  }

  void use_credentials() {
    login_.reset();
    accepted_ = false;
    credentials_.emplace(location_, wire_.context.environment, wire_.context.cancel);
  }

  /// http.extraHeader, which pipelines put tokens in. Whether that logs in.
  bool add_extra_headers(http::Request& request) const {
    bool login = false;
    for (const auto& line : wire_.config.http_settings(location_.url, "extraheader")) {
      const auto colon = line.find(':');
      if (colon == line.npos)
        continue;
      auto name = lower_case(trim(std::string_view(line).substr(0, colon)));
      login = login || name == "authorization";
      request.headers.emplace(std::move(name), trim(std::string_view(line).substr(colon + 1)));
    }
    return login;
  }

  void set_login(http::Request& request) const {
    request.headers.erase("authorization");
    request.headers.emplace("authorization",
                            "Basic " + base64(login_->user + ":" + login_->password));
  }

  Error refused(int status) const {
    auto error = Error(Kind::machine, cat(location_.url, " refuses access (HTTP ", status, ")"));
    if (credentials_->tried().empty())
      error.detail("no credentials for it were found");
    else
      error.detail(cat("tried the credentials of ", join(credentials_->tried(), ", ")));
    return std::move(error).hint(
        "configure a git credential helper, or add the host to ~/.netrc; forges also say so of "
        "repositories that don't exist");
  }

  void refuse_bad_answer(const http::Stream& stream, std::string_view want) const {
    const auto status = stream.response.status;
    const auto later = stream.response.header("retry-after");
    // GitHub says "too often" by 403; then alone it has a Retry-After. The client has waited.
    if (status == 429 || (status == 403 && later))
      throw Error(Kind::machine,
                  cat(location_.url, " limits requests (HTTP ", status, ") and goes on doing so"))
          .detail(later ? cat("it asks to wait: ", printable(*later)) : "it doesn't say how long")
          .hint("try again later; with a login (netrc, credential helper) the limit is higher");
    if (status == 401 || status == 403)
      throw refused(status);
    if (status == 404 || status == 410)
      throw Error(Kind::input, cat("there is no git repository at ", location_.url))
          .detail(cat("the server says HTTP ", status));
    if (status != 200)
      throw Error(Kind::machine, cat(location_.url, " answers with HTTP ", status))
          .hint("try again later, or look at the URL in a browser");
    const auto type = stream.response.header("content-type").value_or("");
    if (type.substr(0, type.find(';')) != want)
      throw Error(Kind::input,
                  cat(location_.url, " is no git repository that can be cloned over http"))
          .detail(cat("it answers with '", printable(type), "', not '", want, "'"))
          .hint("is it the URL of a web page? clone URLs often end in .git");
  }

  Wire& wire_;
  std::unique_ptr<http::Client> own_;
  http::Client& client_;
  Location location_;                       ///< where requests go
  std::optional<Credentials> credentials_;  ///< for location_
  std::optional<Login> login_;
  bool accepted_ = false;
};

/// One request and its answer, as libgit2 reads and writes it.
struct HttpStream : git_smart_subtransport_stream {
  HttpSubtransport* transport = nullptr;
  bool lists = false;     ///< asks for the references
  std::string request{};  ///< collected by write(), sent by the first read()
  http::Request asked{};
  std::optional<http::Stream> answer{};
  bool first = true;
};

int read_stream(git_smart_subtransport_stream* stream, char* into, size_t size, size_t* got) {
  auto& self = *static_cast<HttpStream*>(stream);
  *got = 0;
  return self.transport->wire().guarded([&] {
    if (!self.answer)
      self.answer = self.lists ? self.transport->advertised(self.asked)
                               : self.transport->negotiated(self.asked, self.request);
    *got = self.answer->body->read({reinterpret_cast<std::byte*>(into), size});
    if (self.lists)
      count_listed(self.transport->wire(), *got);
    if (self.lists && self.first)
      refuse_sha256({into, *got}, self.transport->wire().location);
    self.first = false;
  });
}

int write_stream(git_smart_subtransport_stream* stream, const char* bytes, size_t size) {
  auto& self = *static_cast<HttpStream*>(stream);
  return self.transport->wire().guarded([&] {
    if (self.request.size() + size > kMaxRequest)
      throw Error(Kind::internal, "a git request of more than 64 MiB");
    self.request.append(bytes, size);
  });
}

void free_stream(git_smart_subtransport_stream* stream) {
  delete static_cast<HttpStream*>(stream);
}

struct HttpHandle : git_smart_subtransport {
  explicit HttpHandle(Wire& wire);
  HttpSubtransport transport;
};

int open_stream(git_smart_subtransport_stream** out,
                git_smart_subtransport* subtransport,
                const char* /*url*/,
                git_smart_service_t action) {
  auto& handle = *static_cast<HttpHandle*>(subtransport);
  return handle.transport.wire().guarded([&] {
    *out = std::make_unique<HttpStream>(
               HttpStream{{subtransport, read_stream, write_stream, free_stream},
                          &handle.transport,
                          action == GIT_SERVICE_UPLOADPACK_LS})
               .release();
  });
}

int close_subtransport(git_smart_subtransport* /*subtransport*/) {
  return 0;
}

void free_subtransport(git_smart_subtransport* subtransport) {
  delete static_cast<HttpHandle*>(subtransport);
}

HttpHandle::HttpHandle(Wire& wire)
    : git_smart_subtransport{open_stream, close_subtransport, free_subtransport}, transport(wire) {}

}  // namespace

int new_http_subtransport(git_smart_subtransport** out, git_transport* /*owner*/, void* wire) {
  auto& shared = *static_cast<Wire*>(wire);
  return shared.guarded([&] { *out = std::make_unique<HttpHandle>(shared).release(); });
}

}  // namespace cullet::source
