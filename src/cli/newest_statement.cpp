// SPDX-License-Identifier: Apache-2.0
#include "newest_statement.hpp"

#include "cullet/attest/statement_time.hpp"
#include "cullet/base/error.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::cli {

FoundStatement newest_statement(ResolvedImage& image,
                                const std::vector<trust::PublicKey>& keys,
                                std::string_view type) {
  const auto all = trust::attestations(*image.repository, image.manifest, keys, type);
  FoundStatement out;
  for (const auto& one : all)
    if (!one.problem.empty())
      out.problems.push_back(cat(one.carrier, ": ", one.problem));
  if (const auto* found = attest::newest(all))
    out.predicate = found->predicate;
  return out;
}

}  // namespace cullet::cli
