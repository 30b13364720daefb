// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/backoff.hpp"

#include <algorithm>
#include <random>
#include <string>

#include <curl/curl.h>

#include "cullet/base/text.hpp"

namespace cullet::http {

bool is_transient(int status) noexcept {
  return status == 408 || status == 429 || (status >= 500 && status != 501);
}

std::optional<std::int64_t> parse_retry_after(std::string_view value,
                                              const std::function<std::int64_t()>& now) {
  const auto text = trim(value);
  if (const auto seconds = parse_number(text))
    return static_cast<std::int64_t>(std::min<std::uint64_t>(*seconds, 1U << 30U));
  // curl_getdate() takes far more than HTTP-dates ("20300101"); all three forms of those begin with
  // a day's name.
  if (!now || text.empty() || text.front() < 'A' || text.front() > 'Z')
    return std::nullopt;
  const auto date = curl_getdate(std::string(text).c_str(), nullptr);
  if (date < 0)
    return std::nullopt;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(date) - now());
}

Backoff::Backoff(const Options& options, const Cancel& cancel)
    : options_(options), cancel_(cancel) {}

bool Backoff::wait(const std::optional<std::int64_t>& retry_after) {
  if (++made_ >= options_.attempts)
    return false;
  if (retry_after && *retry_after > kPatience)
    return false;
  auto delay = options_.first_delay * (std::int64_t{1} << std::min(made_ - 1, 16));
  delay = std::min<std::chrono::milliseconds>(delay, std::chrono::seconds(30));
  // Clients that one failure threw back must not come again all at once.
  std::random_device random;
  std::uniform_int_distribution<std::int64_t> jitter(delay.count() / 2, delay.count());
  delay = std::chrono::milliseconds(jitter(random));
  if (retry_after)
    delay = std::max<std::chrono::milliseconds>(delay, std::chrono::seconds(*retry_after));
  cancel_.sleep(delay);
  return true;
}

}  // namespace cullet::http
