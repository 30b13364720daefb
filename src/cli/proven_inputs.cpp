// SPDX-License-Identifier: Apache-2.0
#include "proven_inputs.hpp"

#include "cullet/attest/provenance.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

namespace {

/// The statements of provenance that hold. Throws Kind::refused without any.
std::vector<trust::Attestation> provenance_of(const ResolvedImage& image,
                                              const std::vector<trust::PublicKey>& keys) {
  auto found =
      trust::attestations(*image.repository, image.manifest, keys, attest::kProvenanceType);
  Error error(Kind::refused,
              cat("no provenance of ",
                  image_name(image),
                  keys.size() == 1 ? " by this key" : " by any of these keys",
                  " for statements"));
  std::vector<trust::Attestation> out;
  for (auto& one : found) {
    if (one.problem.empty())
      out.push_back(std::move(one));
    else
      error.detail(cat(one.carrier, ": ", printable(one.problem)));
  }
  if (!out.empty())
    return out;
  if (found.empty())
    error.detail("it has none at all");
  throw std::move(error).hint("statements have a key of their own: attest.pub, not release.pub");
}

}  // namespace

ProvenInputs proven_inputs(const ResolvedImage& image,
                           const std::vector<trust::PublicKey>& keys,
                           const std::function<void(const trust::Attestation&)>& check) {
  std::vector<trust::Attestation> statements;
  std::vector<build::DemandedInputs> demanded;
  std::optional<Error> problem;
  for (auto& statement : provenance_of(image, keys)) {
    try {
      check(statement);
      demanded.push_back(build::DemandedInputs::of_provenance(statement.predicate));
      statements.push_back(std::move(statement));
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted || error.kind() == Kind::internal)
        throw;
      problem = error;
    }
  }
  if (statements.empty())
    throw Error(problem.value());
  auto found = build::find_demanded_inputs(*image.repository, image.manifest, demanded);
  if (!found)
    throw none_kept(image);
  return {std::move(statements[found->demanded]),
          std::move(demanded[found->demanded]),
          std::move(found->list)};
}

void demand_proven(const ResolvedImage& image,
                   const trust::PublicKey& key,
                   const build::InputsManifest& list) {
  std::optional<Error> problem;
  for (const auto& statement :
       trust::attestations(*image.repository, image.manifest, {key}, attest::kProvenanceType)) {
    if (!statement.problem.empty())
      continue;
    try {
      build::DemandedInputs::of_provenance(statement.predicate).check(list);
      return;
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted || error.kind() == Kind::internal)
        throw;
      problem = error;
    }
  }
  if (problem)
    throw Error(*problem)
        .detail(cat(
            "the workspace's inputs are others than provenance of ", image_name(image), " names"))
        .hint("sign provenance of these, and keep them: `cullet build NAME --keep-inputs`");
}

Error none_kept(const ResolvedImage& image) {
  return Error(Kind::input, cat("no inputs are kept beside ", image_name(image)))
      .hint(
          "keep them where it was built: `cullet build NAME --keep-inputs`, or `cullet inputs "
          "push`");
}

}  // namespace cullet::cli
