// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/base/json.hpp"

namespace cullet::attest {

/// When a statement was made, as it says itself (RFC 3339, UTC: as text, later is greater); ""
/// where it doesn't. Of statements of one type by one key, readers go by the newest.
std::string time_of(std::string_view predicate_type, const Json& predicate);

}  // namespace cullet::attest
