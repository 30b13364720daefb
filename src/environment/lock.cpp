// SPDX-License-Identifier: Apache-2.0
#include "cullet/environment/lock.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string package_line(const LockedPackage& package) {
  Json value{{"path", package.path}, {"sha256", package.sha256.hex()}, {"size", package.size}};
  if (package.source != package.name)
    value["source"] = package.source;
  if (package.source_version != package.version)
    value["source_version"] = package.source_version;
  return canonical(value);
}

}  // namespace

Lock lock_of(const workspace::Workspace& workspace) {
  const auto file = workspace.files.find("cullet.lock");
  if (file == workspace.files.end())
    return {};
  try {
    return Lock::parse(file->second, file->first);
  } catch (Error& error) {
    error.hint("where a merge left it so, take one side's file and run `cullet lock`");
    error.hint("`cullet lock --update` makes it anew");
    throw;
  }
}

std::string set_name(const std::string& suite, const workspace::PackageSet& set) {
  return cat("packages ",
             suite,
             " ",
             join(sorted(set.packages), " "),
             set.dependencies ? "" : " (no dependencies)");
}

std::string environment_set_name(const std::string& environment) {
  return "environment " + environment;
}

std::string Lock::serialize() const {
  std::string text = "{\n\"lock\": 1,\n\"packages\": {";
  const char* separator = "\n";
  for (const auto& [key, package] : packages) {
    text += cat(separator, "  ", canonical(Json(key)), ": ", package_line(package));
    separator = ",\n";
  }
  text += "\n},\n\"sets\": {";
  separator = "\n";
  for (const auto& [name, set] : sets) {
    text += cat(separator,
                "  ",
                canonical(Json(name)),
                ": {\n    \"dependencies\": ",
                set.dependencies ? "true" : "false",
                ",\n    \"packages\": [");
    const char* between = "\n      ";
    for (const auto& key : set.packages) {
      text += between + canonical(Json(key));
      between = ",\n      ";
    }
    text += cat("\n    ],\n    \"requested\": ",
                canonical(Json(set.requested)),
                ",\n    \"suite\": ",
                canonical(Json(set.suite)),
                "\n  }");
    separator = ",\n";
  }
  return text + "\n}\n}\n";
}

std::vector<LockedPackage> Lock::resolve(const std::string& set,
                                         std::vector<std::string> requested,
                                         const std::string& suite) const {
  const auto found = sets.find(set);
  if (found == sets.end())
    throw Error(Kind::input, cat("cullet.lock does not hold '", set, "'"))
        .hint("run `cullet lock`");
  const auto& held = found->second;
  if (held.requested != sorted(std::move(requested)))
    throw Error(Kind::input, cat("cullet.lock does not hold what '", set, "' asks for now"))
        .detail(cat("it was resolved for ", join(held.requested, ", ")))
        .hint("run `cullet lock`");
  if (!suite.empty() && suite != held.suite)
    throw Error(
        Kind::input,
        cat("cullet.lock does not hold '", set, "' for '", suite, "' but for '", held.suite, "'"))
        .hint("run `cullet lock`");
  std::vector<LockedPackage> result;
  for (const auto& key : held.packages)
    result.push_back(packages.at(key));
  return result;
}

}  // namespace cullet::environment
