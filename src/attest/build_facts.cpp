// SPDX-License-Identifier: Apache-2.0
#include "build_facts.hpp"

#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "purl_parts.hpp"

namespace cullet::attest {

namespace {

constexpr std::string_view kWhat = "the provenance";
constexpr std::string_view kForkPrefix = "fork ";

bool is_for_image(const Json& annotations) {
  for (const auto& use : array_at(annotations, "for", kWhat))
    if (use == "image")
      return true;
  return false;
}

BuildFacts::Package package_of(const Json& descriptor) {
  const auto& uri = string_at(descriptor, "uri", kWhat);
  const auto purl = PurlParts::parse(uri);
  if (!purl || purl->name.empty() || purl->version.empty())
    throw Error(Kind::input, cat(kWhat, ": '", printable(uri), "' names no package"));
  BuildFacts::Package out{purl->name, purl->version, purl->name, purl->version, false};
  const auto upstream = purl->qualifiers.find("upstream");
  if (upstream != purl->qualifiers.end()) {
    const auto at = upstream->second.find('@');
    out.source = upstream->second.substr(0, at);
    if (at != std::string::npos)
      out.source_version = upstream->second.substr(at + 1);
  }
  return out;
}

BuildFacts::Patch patch_of(const Json& descriptor, const Json& annotations) {
  BuildFacts::Patch out{
      string_at(annotations, "fork", kWhat), string_at(descriptor, "name", kWhat), {}};
  for (const auto& advisory : array_at(annotations, "fixes", kWhat)) {
    if (!advisory.is_string())
      throw Error(Kind::input, cat(kWhat, ": 'fixes' must hold strings"));
    out.fixes.push_back(advisory.get<std::string>());
  }
  return out;
}

/// What a dependency is, by what its annotations say (provenance.cpp makes them).
void read_dependency(const Json& descriptor, BuildFacts& facts) {
  if (!descriptor.is_object())
    throw Error(Kind::input, cat(kWhat, ": a dependency is no object"));
  if (!descriptor.contains("annotations"))
    return;
  const auto& annotations = object_at(descriptor, "annotations", kWhat);
  const auto& name = string_at(descriptor, "name", kWhat);
  if (annotations.contains("for")) {
    facts.packages.push_back(package_of(descriptor));
    facts.packages.back().in_image = is_for_image(annotations);
  } else if (annotations.contains("fixes")) {
    facts.patches.push_back(patch_of(descriptor, annotations));
  } else if (name.starts_with(kForkPrefix) && annotations.contains("fork")) {
    facts.forks.push_back({string_at(annotations, "fork", kWhat),
                           optional_string(annotations, "version", kWhat),
                           optional_string(descriptor, "uri", kWhat),
                           false});
  }
}

/// Archives stand after their forks, but nothing depends on it.
void mark_imported(const Json& dependencies, BuildFacts& facts) {
  for (const auto& descriptor : dependencies) {
    if (!descriptor.contains("annotations") || !descriptor["annotations"].contains("import"))
      continue;
    const auto& fork = string_at(descriptor["annotations"], "fork", kWhat);
    for (auto& one : facts.forks)
      one.imported = one.imported || one.name == fork;
  }
}

}  // namespace

BuildFacts BuildFacts::read(const Json& provenance) {
  const auto& definition = object_at(provenance, "buildDefinition", kWhat);
  if (const auto& type = string_at(definition, "buildType", kWhat); type != kBuildType)
    throw Error(
        Kind::input,
        cat(kWhat, " is of another kind of build, ", printable(type), ", not ", kBuildType));
  BuildFacts out;
  out.recipe = string_at(object_at(definition, "externalParameters", kWhat), "recipe", kWhat);
  out.assembly = number_at(object_at(definition, "internalParameters", kWhat), "assembly", kWhat);
  const auto& dependencies = array_at(definition, "resolvedDependencies", kWhat);
  for (const auto& descriptor : dependencies)
    read_dependency(descriptor, out);
  mark_imported(dependencies, out);
  const auto& details = object_at(provenance, "runDetails", kWhat);
  out.builder = string_at(object_at(details, "builder", kWhat), "id", kWhat);
  if (details.contains("metadata"))
    out.finished =
        parse_time(optional_string(object_at(details, "metadata", kWhat), "finishedOn", kWhat));
  return out;
}

}  // namespace cullet::attest
