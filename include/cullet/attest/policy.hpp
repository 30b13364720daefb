// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/workspace/policy.hpp"

namespace cullet::attest {

/// The predicate type under which cosign and trivy look for OpenVEX.
inline constexpr std::string_view kVexType = "https://openvex.dev/ns";

/// The predicate type that a short name stands for ("provenance", "spdx", "cyclonedx", "vsa",
/// "vex"); any other text is a type itself.
std::string statement_type(const std::string& name);
/// The other way round.
std::string statement_name(const std::string& type);

/// What is known of an image when it is judged.
struct Evidence {
  struct Statement {
    std::string type;
    Json predicate;
  };
  /// The image's manifest, of the digest that the caller has verified. None where it is an index or
  /// of a form without annotations: rules that read those can't be decided then.
  std::optional<image::Manifest> manifest;
  /// About its digest, by a key that the policy names.
  std::vector<Statement> statements;
  /// What claims to be a statement and doesn't count: the type that it claims, and why not.
  struct Ignored {
    std::string type, problem;
  };
  std::vector<Ignored> ignored;
  std::int64_t now = 0;  ///< seconds since the epoch
};

/// Whether one rule of a policy holds.
struct Ruling {
  std::string rule;  ///< "builder", "package libc6", "fixed CVE-2023-45853"
  bool passed = false;
  std::string reason;  ///< what it was decided by, either way
};

/// Judges an image by the rules that read statements, in the policy's order. A rule that can't be
/// decided fails, saying why. Where there are several statements of provenance (the same image was
/// built by several), all rules that read it are judged by the one that does best.
std::vector<Ruling> judge(const workspace::Policy& policy, const Evidence& evidence);

}  // namespace cullet::attest
