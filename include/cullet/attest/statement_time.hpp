// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::attest {

/// When a statement was made, as it says itself (RFC 3339, UTC: as text, later is greater); ""
/// where it doesn't.
std::string time_of(std::string_view predicate_type, const Json& predicate);

/// The newest of those that hold, which readers go by; null where none does. They are of one type.
const trust::Attestation* newest(const std::vector<trust::Attestation>& statements);

/// Whether a statement need not be made: the newest that holds says the same. One that says
/// otherwise and was made later than `wanted`, by a clock that is ahead, can't be superseded: then
/// it is enough that any says the same.
bool is_said(const std::vector<trust::Attestation>& statements,
             const trust::Claim& wanted,
             const trust::SamePredicate& same);

}  // namespace cullet::attest
