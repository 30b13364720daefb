// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cullet/build/build.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::build {

/// A claim about an image, and how to tell that it has been made already.
struct Statement {
  trust::Claim claim;
  trust::SamePredicate same = trust::equal_predicates;
};

struct StatementOptions {
  std::string version;  ///< of cullet
  std::int64_t started = 0, finished = 0;
  bool cyclonedx = false;  ///< beside SPDX
};

/// What a build can say of a target's image, whose nodes all have records: SLSA provenance and an
/// SBOM. Reads every file of the image once per tree (SPDX asks for SHA-1s), which the store
/// remembers.
std::vector<Statement> statements(const Context& context,
                                  const plan::Plan& plan,
                                  const plan::Plan::Target& target,
                                  const StatementOptions& options);

/// Statements on their way to a repository.
struct Statements {
  std::vector<Statement> list;
  std::optional<trust::PublicKey> public_key;      ///< nullopt: nothing is attached
  std::function<trust::PrivateKey()> private_key;  ///< called only when something is to be added
  std::string key_file;                            ///< that it is from, for messages
};

/// Attaches those that are not there yet; returns whether there were any.
bool attach(image::Repository& to, const image::Descriptor& manifest, const Statements& statements);

/// The SHA-256 of each of attest::workspace_files(), as the plan was made from it.
std::map<std::string, Sha256> workspace_files(const workspace::Workspace& workspace,
                                              const plan::Plan& plan,
                                              const plan::Plan::Target& target);

}  // namespace cullet::build
