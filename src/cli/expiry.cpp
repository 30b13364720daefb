// SPDX-License-Identifier: Apache-2.0
#include "expiry.hpp"

#include <ostream>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

namespace {

constexpr std::int64_t kDay = 86'400;

}  // namespace

std::int64_t today(const Session& session) {
  const auto now = session.environment().now();
  return now - (now % kDay + kDay) % kDay;
}

std::optional<std::int64_t> days_left(const workspace::Patch& patch, std::int64_t today) {
  return patch.expires ? std::optional((*patch.expires - today) / kDay) : std::nullopt;
}

std::string ExpiredPatch::str() const {
  return cat(
      "patch ", patch, " of fork '", fork, "' has expired: it was to be looked at by ", expires);
}

Json ExpiredPatch::to_json() const {
  return {{"fork", fork}, {"patch", patch}, {"expires", expires}, {"text", str()}};
}

std::vector<ExpiredPatch> expired_patches(const workspace::Fork& fork, std::int64_t today) {
  std::vector<ExpiredPatch> expired;
  for (const auto& patch : fork.patches)
    if (days_left(patch, today).value_or(0) < 0)
      expired.push_back({fork.name, patch.name(), rfc3339(*patch.expires).substr(0, 10)});
  return expired;
}

std::vector<ExpiredPatch> expired_patches(const plan::Plan& plan, std::int64_t today) {
  std::vector<ExpiredPatch> expired;
  for (const auto& node : plan.nodes)
    if (node.kind == plan::ActionKind::source)
      for (auto& one : expired_patches(*node.fork, today))
        expired.push_back(std::move(one));
  return expired;
}

void warn_expired(const Session& session, const std::vector<ExpiredPatch>& expired, bool strict) {
  if (expired.empty())
    return;
  if (!strict) {
    for (const auto& one : expired)
      session.environment().err << cat("warning: ", printable(one.str()), "\n");
    return;
  }
  Error error(
      Kind::refused,
      cat(expired.size(), expired.size() == 1 ? " patch has" : " patches have", " expired"));
  for (const auto& one : expired)
    error.detail(one.str());
  throw std::move(error).hint("look at each again: drop it, or give it another date in `expires`");
}

Json to_json(const std::vector<ExpiredPatch>& expired) {
  Json out = Json::array();
  for (const auto& one : expired)
    out.push_back(one.to_json());
  return out;
}

}  // namespace cullet::cli
