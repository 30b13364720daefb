// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/statement_time.hpp"

#include <algorithm>

#include "cullet/attest/bill.hpp"
#include "cullet/attest/policy.hpp"
#include "cullet/attest/provenance.hpp"

namespace cullet::attest {

namespace {

const char* place_of(std::string_view type) {
  if (type == kProvenanceType)
    return "/runDetails/metadata/finishedOn";
  if (type == kVexType)
    return "/timestamp";
  return type == kCycloneDxType ? "/metadata/timestamp" : "/creationInfo/created";
}

}  // namespace

std::string time_of(std::string_view predicate_type, const Json& predicate) {
  const Json::json_pointer place(place_of(predicate_type));
  const auto value = predicate.contains(place) ? predicate.at(place) : Json();
  return value.is_string() ? value.get<std::string>() : std::string();
}

const trust::Attestation* newest(const std::vector<trust::Attestation>& statements) {
  const trust::Attestation* out = nullptr;
  const auto time = [](const trust::Attestation& one) {
    return time_of(one.predicate_type, one.predicate);
  };
  for (const auto& one : statements)
    if (one.problem.empty() && (out == nullptr || time(*out) < time(one)))
      out = &one;
  return out;
}

bool is_said(const std::vector<trust::Attestation>& statements,
             const trust::Claim& wanted,
             const trust::SamePredicate& same) {
  const auto says = [&](const trust::Attestation& one) {
    return one.problem.empty() && same(one.predicate, wanted.predicate);
  };
  const auto* last = newest(statements);
  if (last == nullptr || says(*last))
    return last != nullptr;
  return time_of(last->predicate_type, last->predicate) >
             time_of(wanted.predicate_type, wanted.predicate) &&
         std::any_of(statements.begin(), statements.end(), says);
}

}  // namespace cullet::attest
