// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "cullet/base/cancel.hpp"
#include "cullet/http/client.hpp"

namespace cullet::http {

/// 408, 429 and 5xx may pass; 501 never does.
bool is_transient(int status) noexcept;

/// Seconds to wait by a Retry-After header: "120" or an HTTP-date (RFC 9110, section 10.2.3).
/// `now` null: dates count as absent. A date that has passed gives 0.
std::optional<std::int64_t> parse_retry_after(std::string_view value,
                                              const std::function<std::int64_t()>& now);

/// Counts the attempts of one piece of work and waits between them. `options` and `cancel` must
/// outlive it.
class Backoff {
 public:
  Backoff(const Options& options, const Cancel& cancel);
  /// Waits and returns true when one more attempt is due. False: all attempts were used, or the
  /// server asks for more patience than kPatience.
  bool wait(const std::optional<std::int64_t>& retry_after = std::nullopt);
  /// Work got on: attempts count anew.
  void progressed() noexcept { made_ = 0; }

  static constexpr std::int64_t kPatience = 300;

 private:
  const Options& options_;
  const Cancel& cancel_;
  int made_ = 0;
};

}  // namespace cullet::http
