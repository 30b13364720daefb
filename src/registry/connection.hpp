// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cullet/base/cancel.hpp"
#include "cullet/http/client.hpp"
#include "cullet/http/url.hpp"
#include "cullet/registry/reference.hpp"
#include "cullet/registry/remote.hpp"

#include "authorizer.hpp"

namespace cullet::registry {

/// One request to a registry.
struct Call {
  std::string method = "GET";
  http::Url url;
  http::Headers headers;
  std::function<std::unique_ptr<Source>()> body;
  std::uint64_t body_size = 0;
  bool retry = true;
  Scope scope;
  std::function<void(std::uint64_t)> progress;
};

/// Sends requests for one repository with the credentials they need. Authorization goes to the
/// registry's own origin only, wherever it sends us. Thread-safe.
class Connection {
 public:
  Connection(http::Client& client,
             const Reference& reference,
             RemoteOptions options,
             Cancel cancel);

  /// ".../v2/REPOSITORY/PATH".
  [[nodiscard]] http::Url url(const std::string& path) const;
  /// What a Location or Link header says relative to the answer that has it. Throws Kind::machine
  /// for anything but http(s), and for http where the registry is https.
  [[nodiscard]] http::Url resolve(const http::Response& response, const std::string& target) const;

  /// Whatever the registry answers; 401 after all that credentials can do was tried.
  http::Response send(const Call& call);
  http::Stream open(const Call& call);

  [[nodiscard]] const std::string& host() const noexcept { return reference_.host; }
  [[nodiscard]] const std::string& repository() const noexcept { return reference_.repository; }
  [[nodiscard]] const RemoteOptions& options() const noexcept { return options_; }
  [[nodiscard]] http::Client& client() const noexcept { return client_; }
  [[nodiscard]] const Cancel& cancel() const noexcept { return cancel_; }
  /// Whether an answer so far came from distribution or one that poses as it.
  [[nodiscard]] bool is_distribution() const noexcept { return distribution_; }

 private:
  template <class Send>
  auto authorised(const Call& call, Send send);

  http::Client& client_;
  const Reference reference_;
  const RemoteOptions options_;
  const Cancel cancel_;
  std::atomic<bool> plain_;
  std::atomic<bool> distribution_ = false;
  Authorizer authorizer_;
};

}  // namespace cullet::registry
