// SPDX-License-Identifier: Apache-2.0
#include "newest_statement.hpp"

#include "cullet/attest/statement_time.hpp"
#include "cullet/base/error.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::cli {

FoundStatement newest_statement(ResolvedImage& image,
                                const std::vector<trust::PublicKey>& keys,
                                std::string_view type) {
  auto all = trust::attestations(*image.repository, image.manifest, keys, type);
  FoundStatement out;
  for (auto& one : all) {
    if (!one.problem.empty())
      out.problems.push_back(cat(one.carrier, ": ", one.problem));
    else if (!out.predicate ||
             attest::time_of(type, *out.predicate) < attest::time_of(type, one.predicate))
      out.predicate = std::move(one.predicate);
  }
  return out;
}

}  // namespace cullet::cli
