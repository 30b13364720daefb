// SPDX-License-Identifier: Apache-2.0
#include "provenance_rules.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/carried.hpp"

#include "fork_url.hpp"

namespace cullet::attest {

namespace {

constexpr std::int64_t kDay = 86'400;
/// How far the clocks of builder and judge may disagree.
constexpr std::int64_t kClockSkew = 300;

std::string quoted(const std::string& text) {
  return cat("'", printable(text), "'");
}

/// "1 patch", "3 forks"
std::string counted(std::size_t count, std::string_view what, std::string_view plural = "s") {
  return cat(count, " ", what, count == 1 ? "" : plural);
}

/// Why a fork is from no allowed place; empty where it is.
std::string fork_problem(const workspace::Policy::Forks& rule, const BuildFacts::Fork& fork) {
  if (fork.imported)
    return rule.imports ? "" : cat("fork ", quoted(fork.name), " is made from a release archive");
  if (fork.uri.empty())
    return cat("provenance does not say where fork ", quoted(fork.name), " was cloned from");
  if (std::any_of(rule.urls.begin(), rule.urls.end(), [&](const std::string& pattern) {
        return is_allowed_fork_url(pattern, fork.uri);
      }))
    return "";
  return cat("fork ", quoted(fork.name), " was cloned from ", printable(fork.uri));
}

/// The last day of each patch that the image's annotation names, by fork and patch; none where it
/// has no end.
std::map<std::pair<std::string, std::string>, std::string> patch_ends(
    const image::Manifest& manifest) {
  std::map<std::pair<std::string, std::string>, std::string> out;
  const auto found = manifest.annotations.find(std::string(plan::kPatchesAnnotation));
  if (found == manifest.annotations.end())
    return out;
  const auto list = parse_json(found->second, plan::kPatchesAnnotation);
  if (!list.is_array())
    throw Error(Kind::input, cat(plan::kPatchesAnnotation, " is no list"));
  for (const auto& patch : list) {
    const auto& what = plan::kPatchesAnnotation;
    out[{string_at(patch, "fork", what), string_at(patch, "patch", what)}] =
        optional_string(patch, "expires", what);
  }
  return out;
}

std::string patch_problem(const std::string& name, const std::string& end, std::int64_t now) {
  if (end.empty())
    return cat("patch ", quoted(name), " has no date until which it stands");
  const auto day = parse_time(end);
  if (!day)
    return cat("the date of patch ", quoted(name), " can't be read: ", quoted(end));
  // It stands on the day itself.
  if (*day + kDay <= now)
    return cat("patch ", quoted(name), " stood until ", end);
  return "";
}

}  // namespace

Finding judge_assembly(const workspace::Policy& policy, const BuildFacts& facts) {
  const auto& found = facts.assembly;
  if (!found)
    return {false, "provenance names no assembly contract"};
  const bool known = std::any_of(policy.assembly.begin(),
                                 policy.assembly.end(),
                                 [&](std::uint32_t one) { return one == *found; });
  return {known, cat("assembly contract ", *found, known ? "" : " is not one of the policy's")};
}

Finding judge_forks(const workspace::Policy::Forks& rule, const BuildFacts& facts) {
  std::vector<std::string> problems;
  for (const auto& fork : facts.forks)
    if (auto problem = fork_problem(rule, fork); !problem.empty())
      problems.push_back(std::move(problem));
  if (problems.empty())
    return {true, cat(counted(facts.forks.size(), "fork"), " from allowed places")};
  return {false, join(problems, "; ")};
}

Finding judge_patches(const BuildFacts& facts, const Evidence& evidence) {
  if (!evidence.manifest)
    return {false, std::string(kNoManifest)};
  std::vector<std::string> problems;
  const auto& annotations = evidence.manifest->annotations;
  const auto edits = annotations.find(std::string(image::kEditsAnnotation));
  if (edits != annotations.end())
    problems.push_back(cat("it was made from unsaved edits of ", printable(edits->second)));
  const auto ends = patch_ends(*evidence.manifest);
  for (const auto& [patch, end] : ends)
    if (auto problem = patch_problem(patch.second, end, evidence.now); !problem.empty())
      problems.push_back(std::move(problem));
  for (const auto& patch : facts.patches)
    if (ends.count({patch.fork, patch.name}) == 0)
      problems.push_back(cat("the image does not say how long patch ",
                             quoted(patch.name),
                             " of its provenance stands"));
  if (problems.empty())
    return {true,
            ends.empty() ? "it has no patch"
                         : cat(counted(ends.size(), "patch", "es"), ", none past its date")};
  return {false, join(problems, "; ")};
}

Finding judge_age(std::uint64_t max_age, const BuildFacts& facts, std::int64_t now) {
  if (!facts.finished)
    return {false, "provenance does not say when the build finished"};
  const auto built = rfc3339(*facts.finished);
  if (*facts.finished > now + kClockSkew)
    return {false, cat("it says that it was built at ", built, ", which is yet to come")};
  const auto old = now - *facts.finished;
  const bool young = old <= static_cast<std::int64_t>(max_age);
  const auto days = [](std::uint64_t seconds) {
    return seconds % kDay == 0 ? cat(seconds / kDay, " d") : cat(seconds / 3600, " h");
  };
  return {young, cat("built at ", built, young ? "" : cat(", more than ", days(max_age), " ago"))};
}

}  // namespace cullet::attest
