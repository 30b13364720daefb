// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/stream.hpp"

namespace cullet::http {

/// TLS of one host. Paths to PEM files; empty: the system's.
struct Tls {
  std::string ca_file, client_certificate, client_key;
};

struct Options {
  bool offline = false;  ///< every request throws Kind::machine, naming --offline
  std::string user_agent = "cullet";
  std::map<std::string, std::string>
      proxies;                     ///< "http", "https", "no": as the environment has them
  std::string ca_file;             ///< PEM bundle instead of the system's; empty: the system's
  std::map<std::string, Tls> tls;  ///< by "host[:port]"; commands have certs_directories instead
  /// Directories like /etc/docker/certs.d, first match counts: DIR/HOST[:PORT]/ holds ca.crt (any
  /// *.crt, trusted besides the system's) and client.cert with client.key (any such pair).
  std::vector<std::filesystem::path> certs_directories;
  int attempts = 5;
  std::chrono::milliseconds connect_timeout{15'000};
  /// A transfer slower than 1 KiB/s for this long is broken off (and tried again).
  std::chrono::seconds stall_timeout{30};
  std::chrono::milliseconds first_delay{500};  ///< doubled per attempt up to 30 s, with jitter
  std::function<std::int64_t()> now;           ///< seconds since the epoch, for Retry-After dates
};

/// Header names in lower case.
using Headers = std::multimap<std::string, std::string>;

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers;
  /// The body, rewindable: called once per attempt. Null: no body.
  std::function<std::unique_ptr<Source>()> body;
  std::uint64_t body_size = 0;
  bool follow_redirects = true;  ///< at most 5; another origin sees no header that may log in
  bool retry = true;
  /// Where an https URL names this very machine (is_loopback()) and nobody speaks TLS there: http.
  bool plain_if_no_tls = false;
  /// Where a 2xx body goes; null: Response::body, at most 8 MiB. Rewound by reset_sink on retry.
  Sink* sink = nullptr;
  std::function<void()> reset_sink;
  std::function<void(std::uint64_t)> progress;  ///< bytes of the body so far, sent or received
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;  ///< of other than 2xx: the first 64 KiB
  std::string url;   ///< the final one, after redirects
  [[nodiscard]] std::optional<std::string> header(const std::string& lower_case_name) const;
};

/// A response whose body is still on its way. Of other than 2xx, `body` is at its end and
/// Response::body holds the first 64 KiB.
struct Stream {
  Response response;
  /// Never null. Throws Kind::machine when the transfer breaks: what came so far is right, and the
  /// reader may go on with a Range request. The Client must outlive it; one thread at a time.
  std::unique_ptr<Source> body;
};

/// An HTTP/1.1 client (libcurl behind it) with connections kept open for the next request.
/// Thread-safe: each request under way has a connection of its own from the pool, so that HTTP/2's
/// multiplexing would bring nothing. Only http and https are spoken, on redirects too, and never
/// https → http. What may log in (Authorization, any header not about the content) goes to the
/// origin it was given for and to no other. Header names and values with control characters throw
/// Kind::machine and are never sent.
class Client {
 public:
  Client(Options options, Cancel cancel);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;

  /// Sends and returns whatever the server says. 408, 429, 5xx (but 501), refused and broken
  /// connections are tried again, waiting as Retry-After says (seconds or HTTP-date; an answer that
  /// asks for more than 5 minutes is returned as it is) or by back-off. Throws Kind::machine when
  /// no answer came, naming URL and reason; Kind::interrupted on cancellation. Neither user,
  /// password nor query of a URL reaches an error text.
  Response send(const Request& request);
  /// As send(), but returns when the headers have come, and the body is read from the Stream;
  /// `sink`, `reset_sink` and `progress` of a download are not used.
  Stream open(const Request& request);

  [[nodiscard]] bool offline() const noexcept;
  [[nodiscard]] const Options& options() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cullet::http
