// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/attest/explain.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

constexpr std::string_view kSpdx = "the SBOM";
constexpr std::string_view kProvenance = "the provenance";

std::string purl_of(const Json& package) {
  if (!package.contains("externalRefs"))
    return {};
  for (const auto& reference : array_at(package, "externalRefs", kSpdx))
    if (string_at(reference, "referenceType", kSpdx) == "purl")
      return string_at(reference, "referenceLocator", kSpdx);
  return {};
}

Origin origin_of(const Json& package) {
  Origin out;
  out.name = string_at(package, "name", kSpdx);
  out.version = optional_string(package, "versionInfo", kSpdx);
  out.purl = purl_of(package);
  const auto purpose = optional_string(package, "primaryPackagePurpose", kSpdx);
  if (purpose == "APPLICATION")
    out.kind = Origin::Kind::component;
  else if (purpose != "CONTAINER")
    out.kind = Origin::Kind::package;
  return out;
}

Sha256 sha256_of(const Json& file) {
  for (const auto& checksum : array_at(file, "checksums", kSpdx)) {
    if (string_at(checksum, "algorithm", kSpdx) != "SHA256")
      continue;
    const auto& text = string_at(checksum, "checksumValue", kSpdx);
    if (const auto parsed = Sha256::parse_hex(text))
      return *parsed;
    throw Error(Kind::input, cat(kSpdx, ": '", printable(text), "' is no SHA-256"));
  }
  throw Error(
      Kind::input,
      cat(kSpdx, ": ", printable(string_at(file, "fileName", kSpdx)), " is there without SHA-256"));
}

std::string digest_of(const Json& descriptor) {
  const auto& digest = object_at(descriptor, "digest", kProvenance);
  const auto commit = optional_string(digest, "gitCommit", kProvenance);
  if (!commit.empty())
    return "gitCommit:" + commit;
  const auto sha256 = optional_string(digest, "sha256", kProvenance);
  return sha256.empty() ? sha256 : "sha256:" + sha256;
}

Origin::Patch patch_of(const Json& descriptor, const Json& annotations) {
  Origin::Patch out{string_at(descriptor, "name", kProvenance),
                    digest_of(descriptor),
                    optional_string(annotations, "reason", kProvenance),
                    {}};
  for (const auto& advisory : array_at(annotations, "fixes", kProvenance)) {
    if (!advisory.is_string())
      throw Error(Kind::input, cat(kProvenance, ": 'fixes' must hold strings"));
    out.fixes.push_back(advisory.get<std::string>());
  }
  return out;
}

}  // namespace

Account::Account(const Json& spdx, const Json& provenance) {
  read_packages(spdx);
  read_files(spdx);
  read_provenance(provenance);
}

void Account::read_packages(const Json& spdx) {
  for (const auto& package : array_at(spdx, "packages", kSpdx))
    origins_.emplace(string_at(package, "SPDXID", kSpdx), origin_of(package));
  // The packages that patches and the operating system are recorded as are the origin of nothing.
  for (const auto& relation : array_at(spdx, "relationships", kSpdx))
    if (string_at(relation, "relationshipType", kSpdx) == "PATCH_FOR")
      origins_.erase(string_at(relation, "spdxElementId", kSpdx));
}

void Account::read_files(const Json& spdx) {
  if (!spdx.contains("files"))
    return;
  std::map<std::string, const Origin*> owners;
  for (const auto& relation : array_at(spdx, "relationships", kSpdx)) {
    if (string_at(relation, "relationshipType", kSpdx) != "CONTAINS")
      continue;
    const auto owner = origins_.find(string_at(relation, "spdxElementId", kSpdx));
    if (owner != origins_.end())
      owners.emplace(string_at(relation, "relatedSpdxElement", kSpdx), &owner->second);
  }
  constexpr std::string_view kHere = "./";
  for (const auto& file : array_at(spdx, "files", kSpdx)) {
    const auto& name = string_at(file, "fileName", kSpdx);
    if (printable(name) != name)
      throw Error(Kind::input, cat(kSpdx, ": ", printable(name), " has control characters"));
    const auto owner = owners.find(string_at(file, "SPDXID", kSpdx));
    if (owner == owners.end())
      throw Error(Kind::input, cat(kSpdx, ": ", printable(name), " belongs to no package"));
    files_.emplace(
        std::pair(name.starts_with(kHere) ? name.substr(kHere.size()) : name, sha256_of(file)),
        owner->second);
  }
}

void Account::read_provenance(const Json& provenance) {
  const auto& definition = object_at(provenance, "buildDefinition", kProvenance);
  const auto& parameters = object_at(definition, "externalParameters", kProvenance);
  image_recipe_ = string_at(parameters, "recipe", kProvenance);
  for (const auto& path : array_at(parameters, "workspace", kProvenance))
    if (path.is_string())
      workspace_.insert(path.get<std::string>());
  read_forks(definition);
  for (const auto& descriptor : array_at(definition, "resolvedDependencies", kProvenance)) {
    if (!descriptor.is_object())
      throw Error(Kind::input, cat(kProvenance, ": a dependency is no object"));
    if (!descriptor.contains("annotations"))
      continue;
    const auto& annotations = object_at(descriptor, "annotations", kProvenance);
    const auto fork = optional_string(annotations, "fork", kProvenance);
    if (fork.empty())
      continue;
    for (auto& [id, origin] : origins_) {
      if (origin.kind != Origin::Kind::component || origin.name != fork)
        continue;
      if (annotations.contains("fixes")) {
        origin.patches.push_back(patch_of(descriptor, annotations));
      } else if (string_at(descriptor, "name", kProvenance) == "fork " + fork) {
        origin.commit =
            optional_string(object_at(descriptor, "digest", kProvenance), "gitCommit", kProvenance);
        origin.repository = optional_string(descriptor, "uri", kProvenance);
      }
    }
  }
}

void Account::read_forks(const Json& definition) {
  if (!definition.contains("internalParameters"))
    return;
  const auto& parameters = object_at(definition, "internalParameters", kProvenance);
  if (!parameters.contains("forks"))
    return;
  const auto& forks = object_at(parameters, "forks", kProvenance);
  for (const auto& [recipe, fork] : forks.items())
    forks_[recipe] = string_at(forks, recipe, kProvenance);
}

const Origin* Account::origin(const std::string& path, const Sha256& content) const {
  const auto found = files_.find({printable(path), content});
  return found == files_.end() ? nullptr : found->second;
}

bool Account::names(const std::string& path) const {
  const auto name = printable(path);
  const auto found = files_.lower_bound({name, Sha256()});
  return found != files_.end() && found->first.first == name;
}

std::vector<std::string> Account::paths() const {
  std::vector<std::string> out;
  for (const auto& [file, origin] : files_)
    if (out.empty() || out.back() != file.first)
      out.push_back(file.first);
  return out;
}

const Origin* Account::component(const std::string& fork) const {
  for (const auto& [id, origin] : origins_)
    if (origin.kind == Origin::Kind::component && origin.name == fork)
      return &origin;
  return nullptr;
}

std::string Account::fork_of(const std::string& recipe) const {
  const auto found = forks_.find(recipe);
  return found == forks_.end() ? std::string() : found->second;
}

bool Account::has_package(const std::string& name) const {
  return std::any_of(origins_.begin(), origins_.end(), [&](const auto& one) {
    return one.second.kind == Origin::Kind::package && one.second.name == name;
  });
}

std::string Account::recipe(const std::string& name) const {
  auto path = cat("recipes/", name, ".yaml");
  return workspace_.contains(path) ? path : std::string();
}

}  // namespace cullet::attest
