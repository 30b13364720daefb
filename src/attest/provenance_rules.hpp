// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cullet/attest/policy.hpp"

#include "build_facts.hpp"

namespace cullet::attest {

/// What a rule comes to, and by what.
struct Finding {
  bool passed = false;
  std::string text;
};

/// Each decides one rule of a policy by what provenance says; what they read besides may be of any
/// form and throws Kind::input then.

Finding judge_assembly(const workspace::Policy& policy, const BuildFacts& facts);
Finding judge_forks(const workspace::Policy::Forks& rule, const BuildFacts& facts);
/// The day is in the image's annotation; which patches there are, provenance has to say as well.
Finding judge_patches(const BuildFacts& facts, const Evidence& evidence);
Finding judge_age(std::uint64_t max_age, const BuildFacts& facts, std::int64_t now);

/// `name` is a fork's, a Debian package's or, where no package is called so, that of the source
/// package of some. What the image hasn't got is new enough.
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
