// SPDX-License-Identifier: Apache-2.0
#include "newest_statement.hpp"

#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::cli {

namespace {

/// When a statement was made, as it says itself; "" where it doesn't.
std::string time_of(const Json& predicate, std::string_view type) {
  const Json::json_pointer place(type == attest::kProvenanceType ? "/runDetails/metadata/finishedOn"
                                                                 : "/creationInfo/created");
  const auto value = predicate.contains(place) ? predicate.at(place) : Json();
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace

FoundStatement newest_statement(ResolvedImage& image,
                                const std::vector<trust::PublicKey>& keys,
                                std::string_view type) {
  auto all = trust::attestations(*image.repository, image.manifest, keys, type);
  FoundStatement out;
  for (auto& one : all) {
    if (!one.problem.empty())
      out.problems.push_back(cat(one.carrier, ": ", one.problem));
    else if (!out.predicate || time_of(*out.predicate, type) < time_of(one.predicate, type))
      out.predicate = std::move(one.predicate);
  }
  return out;
}

}  // namespace cullet::cli
