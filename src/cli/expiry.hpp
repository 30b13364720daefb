// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/plan/plan.hpp"
#include "cullet/workspace/workspace.hpp"

#include "session.hpp"

namespace cullet::cli {

/// Today in UTC, at midnight: seconds since the epoch.
std::int64_t today(const Session& session);

/// Days until a patch expires; negative once it has. It still stands on the day itself.
std::optional<std::int64_t> days_left(const workspace::Patch& patch, std::int64_t today);

/// A patch that has outlived the date on which somebody had to look at it again.
struct ExpiredPatch {
  std::string fork;
  std::string patch;
  std::string expires;  ///< YYYY-MM-DD

  [[nodiscard]] std::string str() const;
  [[nodiscard]] Json to_json() const;
};
std::vector<ExpiredPatch> expired_patches(const workspace::Fork& fork, std::int64_t today);
/// Of all forks whose source the plan has.
std::vector<ExpiredPatch> expired_patches(const plan::Plan& plan, std::int64_t today);

/// Says each on standard error; with `strict` throws Kind::refused instead, if there are any.
void warn_expired(const Session& session, const std::vector<ExpiredPatch>& expired, bool strict);

Json to_json(const std::vector<ExpiredPatch>& expired);

}  // namespace cullet::cli
