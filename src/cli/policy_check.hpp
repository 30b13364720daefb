// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/attest/policy.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/trust/key.hpp"
#include "cullet/workspace/policy.hpp"

#include "resolve.hpp"
#include "session.hpp"

namespace cullet::cli {

/// A policy with its keys.
struct LoadedPolicy {
  workspace::Policy policy;
  std::vector<trust::PublicKey> release, attestations, rebuilders;  ///< beside the policy's lists
};

/// Reads a policy and the keys that it names, relative to its folder. Throws Kind::input for what
/// can't be read, and where a key is one of releases and of attestations under two names.
LoadedPolicy load_policy(Session& session, const std::string& file);

/// What a policy finds of an image.
struct PolicyVerdict {
  std::vector<attest::Ruling> rulings;  ///< "content" and "signature" first
  struct Ignored {
    BlobDigest carrier;
    std::string type, problem;
  };
  std::vector<Ignored> ignored;  ///< statements that don't count

  [[nodiscard]] std::size_t failed() const;
};

/// Holds an image to a policy: reads every byte of it, its signatures and its statements. What is
/// wrong with any of them is a rule that fails; what the machine or the registry fails at throws.
PolicyVerdict check_policy(Session& session,
                           const ResolvedImage& image,
                           const LoadedPolicy& policy);

}  // namespace cullet::cli
