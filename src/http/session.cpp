// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <algorithm>
#include <filesystem>
#include <new>

#include <sys/socket.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::http {
namespace {

// More than any server needs; what comes beyond is an attack on memory.
constexpr std::size_t kMaxHeaders = 256;
constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10U;
// A registry may hash and move a blob of many gigabytes before it answers the last PUT.
constexpr long kAnswerFactor = 10;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

bool may_pass(CURLcode code, std::string_view reason) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return true;
    case CURLE_RECV_ERROR:
      // A TLS alert is an answer: "certificate required" stays true.
      return reason.find(" alert ") == std::string_view::npos;
    case CURLE_SSL_CONNECT_ERROR:
      // Only a handshake that the network broke off; not one that the other side can't do.
      return reason.find("SYSCALL") != std::string_view::npos ||
             reason.find("reset") != std::string_view::npos;
    default:
      return false;
  }
}

void append(Handle<curl_slist, curl_slist_free_all>& list, const std::string& line) {
  auto* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr)
    throw std::bad_alloc();
  static_cast<void>(list.release());  // it is the head of `longer`, or was null
  list.reset(longer);
}

}  // namespace

Session::Session(const Options& options, const Cancel& cancel)
    : options_(options),
      cancel_(cancel),
      multi_(curl_multi_init()),
      easy_(curl_easy_init()),
      error_(CURL_ERROR_SIZE) {
  if (!multi_ || !easy_)
    throw std::bad_alloc();
}

Session::~Session() {
  finish();
}

template <class Value>
void Session::set(CURLoption option, Value value) {
  const auto code = curl_easy_setopt(easy_.get(), option, value);
  if (code == CURLE_OUT_OF_MEMORY)
    throw std::bad_alloc();
  if (code != CURLE_OK)
    throw Error(Kind::internal,
                cat("libcurl refuses option ", option, ": ", curl_easy_strerror(code)));
}

void Session::configure(const Exchange& exchange) {
  curl_easy_reset(easy_.get());
  set(CURLOPT_URL, exchange.url.str().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOSIGNAL, 1L);
  // Whoever cancels must not wait for a thread that waits for a name server.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1024L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_timeout.count()));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(kBuffer));
  // A handle that still holds the buffer of a failed exchange refuses another size: it is a wish.
  curl_easy_setopt(easy_.get(), CURLOPT_BUFFERSIZE, 64L << 10U);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_HEADERFUNCTION, &Session::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Session::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_READFUNCTION, &Session::on_read);
  set(CURLOPT_READDATA, static_cast<void*>(this));
  set(CURLOPT_SEEKFUNCTION, &Session::on_seek);
  set(CURLOPT_SEEKDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &Session::on_socket);
  configure_method(exchange);
  configure_tls(exchange.tls);
  configure_proxy(exchange.url.scheme);
}

void Session::configure_method(const Exchange& exchange) {
  header_list_.reset();
  if (exchange.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (exchange.with_body) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(exchange.request.body_size));
    set(CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
  } else if (exchange.method == "POST" || exchange.method == "PUT" || exchange.method == "PATCH") {
    // Without a body these still have to say "Content-Length: 0".
    set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
    set(CURLOPT_COPYPOSTFIELDS, "");
    set(CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
    if (exchange.headers.find("content-type") == exchange.headers.end())
      append(header_list_, "content-type:");
  } else if (exchange.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
  }
  for (const auto& [name, value] : exchange.headers) {
    if (has_control(name) || has_control(value) || name.find(':') != std::string::npos)
      throw Error(Kind::machine,
                  cat("header '",
                      name,
                      "' for ",
                      exchange.url.shown(),
                      " holds characters that can't be sent"));
    // libcurl takes "name:" as an order to leave the header out, "name;" as an empty one.
    append(header_list_, value.empty() ? name + ";" : name + ": " + value);
  }
  if (header_list_)
    set(CURLOPT_HTTPHEADER, header_list_.get());
}

void Session::configure_tls(const HostTls& tls) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!tls.ca_bundle.empty()) {
    curl_blob blob{.data = const_cast<char*>(tls.ca_bundle.data()),
                   .len = tls.ca_bundle.size(),
                   .flags = CURL_BLOB_COPY};
    set(CURLOPT_CAINFO_BLOB, &blob);
    // What was named instead of the system's authorities is in the bundle. Otherwise the system's
    // are to count, and there may be nothing but a directory of them.
    if (!options_.ca_file.empty())
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  } else if (!tls.ca_file.empty()) {
    set(CURLOPT_CAINFO, tls.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // else the system's still count
  }
  if (!tls.certificate.empty()) {
    set(CURLOPT_SSLCERT, tls.certificate.c_str());
    set(CURLOPT_SSLKEY, tls.key.empty() ? tls.certificate.c_str() : tls.key.c_str());
  }
}

void Session::configure_proxy(const std::string& scheme) {
  // Always set, empty too: otherwise libcurl would read the environment.
  const auto proxy = options_.proxies.find(scheme);
  const auto no_proxy = options_.proxies.find("no");
  set(CURLOPT_PROXY, proxy == options_.proxies.end() ? "" : proxy->second.c_str());
  set(CURLOPT_NOPROXY, no_proxy == options_.proxies.end() ? "" : no_proxy->second.c_str());
}

std::optional<Failure> Session::start(const Exchange& exchange) {
  finish();
  status_ = 0;
  headers_.clear();
  header_bytes_ = 0;
  refusal_.clear();
  buffer_.clear();
  consumed_ = 0;
  body_sent_ = 0;
  thrown_ = nullptr;
  head_complete_ = done_ = patient_ = false;
  error_.front() = '\0';
  authority_ = exchange.url.authority();
  origin_ = exchange.url.scheme + "://" + exchange.url.authority();
  request_ = &exchange.request;
  body_ = exchange.with_body ? exchange.request.body() : nullptr;
  configure(exchange);
  if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK)
    throw std::bad_alloc();
  active_ = true;
  return drive([this] { return head_complete_; });
}

std::optional<Failure> Session::fill() {
  if (done_)
    return std::nullopt;
  // Going on from a pause makes libcurl measure the speed anew, so that a slow reader is never
  // mistaken for a stalled server. That is also why a read waits for a whole buffer.
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
  auto failure = drive([this] { return buffer_.size() - consumed_ >= kBuffer; });
  if (!failure && !done_)
    curl_easy_pause(easy_.get(), CURLPAUSE_RECV);
  return failure;
}

Bytes Session::buffer() const noexcept {
  return as_bytes(std::string_view(buffer_).substr(consumed_));
}

void Session::consume(std::size_t count) noexcept {
  consumed_ += count;
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  }
}

void Session::finish() noexcept {
  if (active_)
    curl_multi_remove_handle(multi_.get(), easy_.get());
  active_ = false;
  done_ = true;
  request_ = nullptr;
  body_.reset();
}

template <class Until>
std::optional<Failure> Session::drive(Until until) {
  while (!until() && !done_) {
    cancel_.check();
    int running = 0;
    if (const auto code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK)
      return Failure{curl_multi_strerror(code), false};
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      done_ = true;
      if (auto failure = result(message->data.result))
        return failure;
    }
    if (until() || done_)
      break;
    if (body_ && body_sent_ == request_->body_size && !patient_) {
      patient_ = true;
      set(CURLOPT_LOW_SPEED_TIME,
          kAnswerFactor * static_cast<long>(options_.stall_timeout.count()));
    }
    curl_waitfd wake{.fd = cancel_.fd(), .events = CURL_WAIT_POLLIN, .revents = 0};
    curl_multi_poll(multi_.get(), &wake, 1, 1000, nullptr);
  }
  return std::nullopt;
}

std::optional<Failure> Session::result(CURLcode code) {
  if (thrown_)
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (!refusal_.empty())
    return Failure{refusal_, false};
  if (code == CURLE_OK && status_ != 0)
    return std::nullopt;
  if (code == CURLE_OUT_OF_MEMORY)
    throw std::bad_alloc();
  std::string reason = error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
  if (code == CURLE_OK)
    reason = "no answer";
  if (code == CURLE_OPERATION_TIMEDOUT && reason.find("too slow") != std::string::npos)
    reason = cat("less than 1 KiB/s for ", options_.stall_timeout.count(), " s");
  Failure failure{printable(trim(reason)), may_pass(code, reason)};
  explain(failure, code);
  return failure;
}

void Session::explain(Failure& failure, CURLcode code) const {
  const auto place = [this] {
    const auto& directories = options_.certs_directories;
    return (directories.empty() ? std::filesystem::path("certs.d") : directories.front()) /
           authority_;
  };
  const auto says = [&](std::string_view what) {
    return failure.reason.find(what) != std::string::npos;
  };
  failure.no_tls = code == CURLE_SSL_CONNECT_ERROR && says("wrong version number");
  if (failure.no_tls)
    failure.hint = cat(authority_, " speaks plain http there, which cullet does only when told to");
  else if (code == CURLE_PEER_FAILED_VERIFICATION)
    failure.hint = cat("if ",
                       authority_,
                       " has an authority of its own, put its certificate into ",
                       (place() / "ca.crt").string(),
                       ", or name it in SSL_CERT_FILE");
  else if (says("certificate required") || says("alert bad certificate") ||
           says("alert handshake failure"))
    failure.hint = cat("if ",
                       authority_,
                       " wants a client certificate, put it and its key into ",
                       (place() / "client.cert").string(),
                       " and client.key");
  else if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
    failure.hint = "is the host's name right, is it up, and is a proxy needed?";
}

void Session::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    // Also after an interim answer (1xx), whose headers don't count.
    headers_.clear();
    head_complete_ = false;
    const auto space = line.find(' ');
    const auto code =
        space == std::string_view::npos ? std::nullopt : parse_number(line.substr(space + 1, 3));
    status_ = code ? static_cast<int>(*code) : 0;
    return;
  }
  const auto text = trim(line);
  if (text.empty()) {
    head_complete_ = status_ >= 200;
    return;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || head_complete_)  // trailers are of no use
    return;
  if (headers_.size() >= kMaxHeaders) {
    refusal_ = cat("the answer has more than ", kMaxHeaders, " headers");
    return;
  }
  headers_.emplace(lower_case(trim(text.substr(0, colon))),
                   std::string(trim(text.substr(colon + 1))));
}

std::size_t Session::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& session = *static_cast<Session*>(self);
  try {
    session.header_bytes_ += size * count;
    if (session.header_bytes_ > kMaxHeaderBytes)
      session.refusal_ =
          cat("the answer has more than ", human_size(kMaxHeaderBytes), " of headers");
    else
      session.take_header({data, size * count});
    return session.refusal_.empty() ? size * count : 0;
  } catch (...) {
    session.thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t Session::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& session = *static_cast<Session*>(self);
  try {
    session.head_complete_ = true;
    const auto waiting = session.buffer_.size() - session.consumed_;
    if (waiting != 0 && waiting + size * count > kBuffer + CURL_MAX_WRITE_SIZE)
      return CURL_WRITEFUNC_PAUSE;
    session.buffer_.append(data, size * count);
    return size * count;
  } catch (...) {
    session.thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t Session::on_read(char* into, std::size_t size, std::size_t count, void* self) {
  auto& session = *static_cast<Session*>(self);
  try {
    session.cancel_.check();
    const auto left = session.request_->body_size - session.body_sent_;
    if (!session.body_ || left == 0)
      return 0;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, left));
    const auto got = session.body_->read({reinterpret_cast<std::byte*>(into), room});
    if (got == 0)
      throw Error(Kind::internal,
                  cat("a request body ended after ",
                      session.body_sent_,
                      " bytes instead of ",
                      session.request_->body_size));
    session.body_sent_ += got;
    if (session.request_->progress)
      session.request_->progress(session.body_sent_);
    return got;
  } catch (...) {
    session.thrown_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int Session::on_seek(void* self, curl_off_t offset, int origin) {
  auto& session = *static_cast<Session*>(self);
  try {
    // libcurl asks for this when a kept connection turned out to be dead.
    if (offset != 0 || origin != SEEK_SET)
      return CURL_SEEKFUNC_CANTSEEK;
    session.body_ = session.request_->body();
    session.body_sent_ = 0;
    return CURL_SEEKFUNC_OK;
  } catch (...) {
    session.thrown_ = std::current_exception();
    return CURL_SEEKFUNC_FAIL;
  }
}

curl_socket_t Session::on_socket(void* /*self*/, curlsocktype /*purpose*/, curl_sockaddr* address) {
  // libcurl itself would let its sockets leak into programs that are started meanwhile.
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

}  // namespace cullet::http
