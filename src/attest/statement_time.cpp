// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/statement_time.hpp"

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

}  // namespace cullet::attest
