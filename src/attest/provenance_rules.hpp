// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/attest/policy.hpp"

#include "build_facts.hpp"

namespace cullet::attest {

/// What a rule comes to, and by what.
struct Finding {
  bool passed = false;
  std::string text;
};

/// Why a rule that reads annotations can't be decided without an OCI image manifest.
inline constexpr std::string_view kNoManifest =
    "it is no OCI image manifest, so that it can't say which patches it carries";

/// Each decides one rule of a policy by what provenance says; what they read besides may be of any
/// form and throws Kind::input then.

Finding judge_assembly(const workspace::Policy& policy, const BuildFacts& facts);
Finding judge_forks(const workspace::Policy::Forks& rule, const BuildFacts& facts);
/// The day is in the image's annotation; which patches there are, provenance has to say as well.
Finding judge_patches(const BuildFacts& facts, const Evidence& evidence);
Finding judge_age(std::uint64_t max_age, const BuildFacts& facts, std::int64_t now);

/// `name` is a fork's, a Debian package's or that of the source package of some: all that are
/// called so have to be new enough, those of the environments that it was built in as well. What
/// none of them is, the image hasn't got.
Finding judge_version(const std::string& name,
                      const std::string& at_least,
                      const BuildFacts& facts);
/// Whether the image is free of an advisory. What VEX says of it counts first, by the newest
/// document that names it; then patches; then versions, all of which must hold.
Finding judge_fixed(const std::string& advisory,
                    const std::map<std::string, std::string>& since,
                    const BuildFacts& facts,
                    const Evidence& evidence);

}  // namespace cullet::attest
