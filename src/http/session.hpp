// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "cullet/base/cancel.hpp"
#include "cullet/base/handle.hpp"
#include "cullet/http/client.hpp"
#include "cullet/http/url.hpp"

#include "tls.hpp"

namespace cullet::http {

/// Why a transfer ended without an answer, or in the middle of one.
struct Failure {
  std::string reason;
  bool transient = false;  ///< trying again may help
  bool no_tls = false;     ///< the other side doesn't speak TLS
  std::string hint = {};   ///< what the user can do; empty: nothing in particular
};

/// One request to one URL: no redirects, no retries.
struct Exchange {
  const Request& request;
  std::string method;
  Url url;
  Headers headers;
  bool with_body = false;
  const HostTls& tls;
};

/// A libcurl easy handle with a multi handle of its own, and so with connections of its own:
/// libcurl can't share a connection cache between threads (curl's KNOWN_BUGS), and a multi handle
/// can be waited for together with Cancel's descriptor. Carries one exchange at a time, used by one
/// thread at a time. The body is pulled: libcurl is paused while nobody reads.
class Session {
 public:
  Session(const Options& options, const Cancel& cancel);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;

  /// Sends and returns when the final headers have come. Throws what the request's body source
  /// throws, and Kind::interrupted.
  std::optional<Failure> start(const Exchange& exchange);
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const Headers& headers() const noexcept { return headers_; }

  /// Waits until `buffer()` holds at least kBuffer bytes or all that is left.
  std::optional<Failure> fill();
  [[nodiscard]] Bytes buffer() const noexcept;
  void consume(std::size_t count) noexcept;
  /// Whether all of the body is in buffer() or was consumed.
  [[nodiscard]] bool ended() const noexcept { return done_; }

  /// Ends the exchange; the connection is kept only if the whole answer was read.
  void finish() noexcept;
  /// "scheme://host:port" of the last exchange.
  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }

  static constexpr std::size_t kBuffer = std::size_t{256} << 10U;

 private:
  void configure(const Exchange& exchange);
  void configure_method(const Exchange& exchange);
  void configure_tls(const HostTls& tls);
  void configure_proxy(const std::string& scheme);
  template <class Value>
  void set(CURLoption option, Value value);
  /// Lets libcurl work until `until` holds or the transfer ends.
  template <class Until>
  std::optional<Failure> drive(Until until);
  std::optional<Failure> result(CURLcode code);
  void explain(Failure& failure, CURLcode code) const;
  void take_header(std::string_view line);

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  const Options& options_;
  const Cancel& cancel_;
  Handle<CURLM, curl_multi_cleanup> multi_;  // outlives easy_, which is taken out of it
  Handle<CURL, curl_easy_cleanup> easy_;
  Handle<curl_slist, curl_slist_free_all> header_list_;
  std::vector<char> error_;

  bool active_ = false, done_ = true, head_complete_ = false, patient_ = false;
  std::string origin_, authority_;
  int status_ = 0;
  Headers headers_;
  std::size_t header_bytes_ = 0;
  std::string refusal_;  // why a callback broke the transfer off
  std::string buffer_;
  std::size_t consumed_ = 0;

  const Request* request_ = nullptr;
  std::unique_ptr<Source> body_;
  std::uint64_t body_sent_ = 0;
  std::exception_ptr thrown_;
};

}  // namespace cullet::http
