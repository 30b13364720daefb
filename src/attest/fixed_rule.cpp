// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/environment/debian_version.hpp"
#include "cullet/source/version.hpp"

#include "provenance_rules.hpp"

namespace cullet::attest {

namespace {

constexpr std::string_view kVex = "the VEX document";

/// Orders what the image has against what is asked for; nullopt where one is no version.
using Compare = std::optional<std::weak_ordering> (*)(std::string_view there,
                                                      std::string_view wanted);

std::optional<std::weak_ordering> compare_releases(std::string_view there,
                                                   std::string_view wanted) {
  const auto left = source::Version::parse(there), right = source::Version::parse(wanted);
  if (!left || !right)
    return std::nullopt;
  return *left <=> *right;
}

Finding hold(const std::string& name,
             const std::string& there,
             const std::string& wanted,
             Compare compare) {
  if (there.empty())
    return {false, cat("provenance names no version of ", printable(name))};
  const auto shown = cat(printable(name), " ", printable(there));
  const auto order = compare(there, wanted);
  if (!order)
    return {false, cat(shown, " can't be held against ", wanted)};
  return {*order >= 0, *order >= 0 ? shown : cat(shown, " is older than ", wanted)};
}

Finding hold(const BuildFacts::Package& package, bool by_source, const std::string& wanted) {
  auto out = hold(package.name,
                  by_source ? package.source_version : package.version,
                  wanted,
                  environment::compare_debian_versions);
  if (!package.in_image)
    out.text += out.passed ? ", which it was built with"
                           : "; it was built with that, and what it holds of it can't be told";
  return out;
}

/// Where a name is of several things (a fork, packages, packages of a source), all count: a fork or
/// a package that is called as a source is says nothing of what else is made of that.
std::vector<Finding> versions_of(const std::string& name,
                                 const std::string& wanted,
                                 const BuildFacts& facts) {
  std::vector<Finding> out;
  for (const auto& fork : facts.forks)
    if (fork.name == name)
      out.push_back(hold(name, fork.version, wanted, compare_releases));
  for (const bool in_image : {true, false})  // what is known for sure is named first
    for (const auto& package : facts.packages)
      if (package.in_image == in_image && (package.name == name || package.source == name))
        out.push_back(hold(package, package.name != name, wanted));
  return out;
}

bool names(const Json& vulnerability, const std::string& advisory) {
  // Before OpenVEX 0.2.0 it was text.
  if (vulnerability.is_string())
    return vulnerability == advisory;
  if (optional_string(vulnerability, "name", kVex) == advisory)
    return true;
  if (!vulnerability.contains("aliases"))
    return false;
  const auto& aliases = array_at(vulnerability, "aliases", kVex);
  return std::find(aliases.begin(), aliases.end(), advisory) != aliases.end();
}

/// What a document says of an advisory: the worst of it, empty where it says nothing.
std::string vex_status(const Json& document, const std::string& advisory) {
  std::string worst;
  for (const auto& statement : array_at(document, "statements", kVex)) {
    if (!statement.is_object() || !statement.contains("vulnerability"))
      throw Error(Kind::input, cat(kVex, " has a statement about no vulnerability"));
    if (!names(statement["vulnerability"], advisory))
      continue;
    const auto& status = string_at(statement, "status", kVex);
    if (worst.empty() || (status != "fixed" && status != "not_affected"))
      worst = status;
  }
  return worst;
}

/// What the newest document that names the advisory says of it.
std::optional<Finding> judge_vex(const std::string& advisory, const Evidence& evidence) {
  std::optional<Finding> out;
  std::int64_t newest = 0;
  for (const auto& one : evidence.statements) {
    if (one.type != kVexType)
      continue;
    const auto status = vex_status(one.predicate, advisory);
    if (status.empty())
      continue;
    const auto& text = string_at(one.predicate, "timestamp", kVex);
    const auto time = parse_time(text);
    if (!time)
      throw Error(Kind::input, cat(kVex, ": '", printable(text), "' is no time in UTC"));
    const bool free = status == "fixed" || status == "not_affected";
    // Of two that were made at once, the worse one counts.
    if (!out || *time > newest || (*time == newest && !free)) {
      out = Finding{free, cat("VEX says ", printable(status))};
      newest = *time;
    }
  }
  return out;
}

}  // namespace

Finding judge_version(const std::string& name,
                      const std::string& at_least,
                      const BuildFacts& facts) {
  const auto found = versions_of(name, at_least, facts);
  if (found.empty())
    return {true,
            cat("it has no ", name, facts.forks.empty() ? "" : " but what a fork may bundle")};
  const auto bad =
      std::find_if(found.begin(), found.end(), [](const Finding& one) { return !one.passed; });
  return bad == found.end() ? found.front() : *bad;
}

Finding judge_fixed(const std::string& advisory,
                    const std::map<std::string, std::string>& since,
                    const BuildFacts& facts,
                    const Evidence& evidence) {
  if (auto said = judge_vex(advisory, evidence))
    return *said;
  for (const auto& patch : facts.patches)
    if (std::find(patch.fixes.begin(), patch.fixes.end(), advisory) != patch.fixes.end())
      return {true, cat("fixed by patch '", printable(patch.name), "'")};
  std::vector<std::string> held;
  for (const auto& [name, version] : since) {
    auto found = judge_version(name, version, facts);
    if (!found.passed)
      return {false, cat(found.text, ", and no patch or VEX says that it is fixed")};
    held.push_back(std::move(found.text));
  }
  if (held.empty())
    return {false, "no patch or VEX says that it is fixed"};
  return {true, join(held, "; ")};
}

}  // namespace cullet::attest
