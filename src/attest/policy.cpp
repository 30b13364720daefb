// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/policy.hpp"

#include <algorithm>
#include <optional>

#include "cullet/attest/bill.hpp"
#include "cullet/attest/provenance.hpp"
#include "cullet/attest/summary.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/carried.hpp"

#include "provenance_rules.hpp"

namespace cullet::attest {

namespace {

constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"provenance", kProvenanceType},
                                                                    {"spdx", kSpdxType},
                                                                    {"cyclonedx", kCycloneDxType},
                                                                    {"vsa", kSummaryType},
                                                                    {"vex", kVexType}};

using workspace::Policy;

Finding one_of(std::string_view what,
               const std::string& found,
               const std::vector<std::string>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), found) != allowed.end())
    return {true, found};
  return {false,
          cat(what, " is '", printable(found), "', and the policy allows ", join(allowed, ", "))};
}

/// The rules that read provenance, by what one statement of it says, or why that can't be read.
class ProvenanceRules {
 public:
  ProvenanceRules(const Policy& policy, const Evidence& evidence)
      : policy_(policy), evidence_(evidence) {}

  std::vector<Ruling> judge(const BuildFacts* facts, const std::string& problem) const {
    std::vector<Ruling> out;
    const auto rule = [&](bool asked, const std::string& name, const auto& decide) {
      if (!asked)
        return;
      auto finding = facts == nullptr ? Finding{false, problem} : decided(decide, *facts);
      out.push_back({name, finding.passed, std::move(finding.text)});
    };
    rule(!policy_.builders.empty(), "builder", [&](const BuildFacts& f) {
      return one_of("the builder", f.builder, policy_.builders);
    });
    rule(!policy_.recipes.empty(), "recipe", [&](const BuildFacts& f) {
      return one_of("the recipe", f.recipe, policy_.recipes);
    });
    rule(!policy_.assembly.empty(), "assembly", [&](const BuildFacts& f) {
      return judge_assembly(policy_, f);
    });
    rule(policy_.forks.has_value(), "forks", [&](const BuildFacts& f) {
      return judge_forks(*policy_.forks, f);
    });
    rule(policy_.patches_expire, "patches", [&](const BuildFacts& f) {
      return judge_patches(f, evidence_);
    });
    for (const auto& [advisory, since] : policy_.fixed)
      rule(true, "fixed " + advisory, [&, &a = advisory, &s = since](const BuildFacts& f) {
        return judge_fixed(a, s, f, evidence_);
      });
    for (const auto& [package, version] : policy_.at_least)
      rule(true, "package " + package, [&, &p = package, &v = version](const BuildFacts& f) {
        return judge_version(p, v, f);
      });
    rule(policy_.max_age.has_value(), "age", [&](const BuildFacts& f) {
      return judge_age(*policy_.max_age, f, evidence_.now);
    });
    return out;
  }

 private:
  /// What is said by another key's owner may be of any form: a rule that can't read it fails.
  template <class Decide>
  static Finding decided(const Decide& decide, const BuildFacts& facts) {
    try {
      return decide(facts);
    } catch (const Error& error) {
      if (error.kind() != Kind::input)
        throw;
      return {false, error.message()};
    }
  }

  const Policy& policy_;
  const Evidence& evidence_;
};

/// Why there is no statement of a type: what claims to be one, or nothing.
std::string absence(const Evidence& evidence, const std::string& type, const std::string& name) {
  // One that claims that very type, else one of which the type can't be told.
  for (const auto& claimed : {type, std::string()})
    for (const auto& one : evidence.ignored)
      if (one.type == claimed)
        return cat("no ", name, " counts: ", printable(one.problem));
  return cat("there is no ", name, " by a key of this policy");
}

std::vector<Ruling> judge_provenance(const Policy& policy, const Evidence& evidence) {
  const ProvenanceRules rules(policy, evidence);
  std::optional<std::vector<Ruling>> best;
  const auto failed = [](const std::vector<Ruling>& rulings) {
    return std::count_if(
        rulings.begin(), rulings.end(), [](const Ruling& one) { return !one.passed; });
  };
  for (const auto& statement : evidence.statements) {
    if (statement.type != kProvenanceType)
      continue;
    std::vector<Ruling> rulings;
    try {
      const auto facts = BuildFacts::read(statement.predicate);
      rulings = rules.judge(&facts, {});
    } catch (const Error& error) {
      if (error.kind() != Kind::input)
        throw;
      rulings = rules.judge(nullptr, error.message());
    }
    if (!best || failed(rulings) < failed(*best))
      best = std::move(rulings);
  }
  if (best)
    return std::move(*best);
  return rules.judge(nullptr, absence(evidence, std::string(kProvenanceType), "provenance"));
}

bool has_statement(const Evidence& evidence, const std::string& type) {
  return std::any_of(evidence.statements.begin(),
                     evidence.statements.end(),
                     [&](const Evidence::Statement& one) { return one.type == type; });
}

/// Whether a patch of the image fixes an advisory, by its annotation: builds attach VEX to such an
/// image only. An annotation that can't be read may well say so.
bool annotation_fixes(const image::Manifest& manifest) {
  const auto found = manifest.annotations.find(std::string(plan::kPatchesAnnotation));
  if (found == manifest.annotations.end())
    return false;
  try {
    for (const auto& patch : parse_json(found->second, plan::kPatchesAnnotation))
      if (!array_at(patch, "fixes", plan::kPatchesAnnotation).empty())
        return true;
    return false;
  } catch (const Error&) {
    return true;
  }
}

/// Whether a patch of it does, by any provenance that can be read.
bool provenance_fixes(const Evidence& evidence) {
  for (const auto& statement : evidence.statements) {
    if (statement.type != kProvenanceType)
      continue;
    try {
      const auto facts = BuildFacts::read(statement.predicate);
      if (std::any_of(facts.patches.begin(), facts.patches.end(), [](const auto& patch) {
            return !patch.fixes.empty();
          }))
        return true;
    } catch (const Error& error) {
      if (error.kind() != Kind::input)
        throw;  // a predicate of any form says nothing here; rules about provenance fail by it
    }
  }
  return false;
}

/// An image without VEX is as it should be where nothing of it fixes an advisory.
Ruling judge_absent_vex(const std::string& rule, const Evidence& evidence) {
  if (!evidence.manifest)
    return {rule, false, std::string(kNoManifest)};
  if (!annotation_fixes(*evidence.manifest) && !provenance_fixes(evidence))
    return {rule, true, "no patch of it fixes an advisory"};
  return {rule, false, absence(evidence, std::string(kVexType), "vex")};
}

Ruling judge_statement(const std::string& name, const Evidence& evidence) {
  Ruling out{"statement " + name, true, ""};
  const auto found = [&](const std::string& type) {
    out.reason = "there, by a key of this policy";
    return has_statement(evidence, type);
  };
  const auto type = statement_type(name);
  if (name == "sbom" ? found(std::string(kSpdxType)) || found(std::string(kCycloneDxType))
                     : found(type))
    return out;
  if (name == "vex")
    return judge_absent_vex(out.rule, evidence);
  out.passed = false;
  out.reason = absence(
      evidence, name == "sbom" ? std::string(kSpdxType) : type, name == "sbom" ? "SBOM" : name);
  return out;
}

}  // namespace

std::string statement_type(const std::string& name) {
  for (const auto& [short_name, type] : kNames)
    if (name == short_name)
      return std::string(type);
  return name;
}

std::string statement_name(const std::string& type) {
  for (const auto& [short_name, full] : kNames)
    if (type == full)
      return std::string(short_name);
  return type;
}

std::vector<Ruling> judge(const Policy& policy, const Evidence& evidence) {
  auto out = judge_provenance(policy, evidence);
  for (const auto& name : policy.statements)
    out.push_back(judge_statement(name, evidence));
  return out;
}

}  // namespace cullet::attest
