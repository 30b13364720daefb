// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/inputs_difference.hpp"

#include <algorithm>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "purl_parts.hpp"

namespace cullet::attest {

namespace {

constexpr std::string_view kProvenance = "the provenance";
constexpr std::string_view kSpdx = "the SBOM";
constexpr std::string_view kKinds[] = {"fork",
                                       "patch",
                                       "archive",
                                       "package",
                                       "recipe",
                                       "workspace",
                                       "cullet",
                                       "compressor",
                                       "assembly",
                                       "builder"};

struct Input {
  std::string value, why;
  std::string fork;  ///< that it belongs to; may be empty
};

/// By kind and name.
using Inputs = std::map<std::pair<std::size_t, std::string>, Input>;

std::size_t rank(std::string_view kind) {
  return static_cast<std::size_t>(std::find(std::begin(kKinds), std::end(kKinds), kind) -
                                  std::begin(kKinds));
}

std::string texts(const Json& object, const std::string& key) {
  std::vector<std::string> out;
  for (const auto& one : array_at(object, key, kProvenance)) {
    if (!one.is_string())
      throw Error(Kind::input, cat(kProvenance, ": '", key, "' must hold strings"));
    out.push_back(one.get<std::string>());
  }
  return join(out, ", ");
}

std::string digest_of(const Json& descriptor) {
  const auto& digest = object_at(descriptor, "digest", kProvenance);
  auto commit = optional_string(digest, "gitCommit", kProvenance);
  if (!commit.empty())
    return commit;
  const auto sha256 = optional_string(digest, "sha256", kProvenance);
  return sha256.empty() ? sha256 : "sha256:" + sha256;
}

/// "2.36-9+deb12u10" of "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64"; "" of what is no purl.
std::string purl_version(std::string_view purl) {
  const auto parts = PurlParts::parse(purl);
  return parts ? parts->version : std::string();
}

class Reading {
 public:
  explicit Reading(const Json& predicate) {
    const auto& definition = object_at(predicate, "buildDefinition", kProvenance);
    for (const auto& descriptor : array_at(definition, "resolvedDependencies", kProvenance))
      dependency(descriptor);
    const auto& internal = object_at(definition, "internalParameters", kProvenance);
    for (const auto* const key : {"cullet", "compressor", "assembly"})
      if (const auto found = internal.find(key); found != internal.end())
        add(key, "", found->is_string() ? found->get<std::string>() : found->dump());
    const auto& run = object_at(predicate, "runDetails", kProvenance);
    add("builder", "", string_at(object_at(run, "builder", kProvenance), "id", kProvenance));
  }

  Inputs inputs;

 private:
  void add(std::string_view kind, const std::string& name, Input input) {
    auto& there = inputs[{rank(kind), name}];
    if (!there.value.empty() && there.value != input.value)
      input.value = cat(there.value, ", ", input.value);
    there = std::move(input);
  }
  void add(std::string_view kind, const std::string& name, std::string value) {
    add(kind, name, Input{std::move(value), {}, {}});
  }

  void dependency(const Json& descriptor) {
    const auto& name = string_at(descriptor, "name", kProvenance);
    if (!descriptor.contains("annotations")) {
      add(name.starts_with("recipes/") ? "recipe" : "workspace", name, digest_of(descriptor));
      return;
    }
    const auto& annotations = object_at(descriptor, "annotations", kProvenance);
    const auto fork = optional_string(annotations, "fork", kProvenance);
    if (annotations.contains("for")) {
      add("package",
          name,
          Input{purl_version(string_at(descriptor, "uri", kProvenance)),
                cat("for ", texts(annotations, "for")),
                {}});
    } else if (annotations.contains("fixes")) {
      const auto fixes = texts(annotations, "fixes");
      const auto reason = optional_string(annotations, "reason", kProvenance);
      add("patch",
          name,
          Input{digest_of(descriptor),
                cat(fixes.empty() ? "" : "fixes ",
                    fixes,
                    fixes.empty() || reason.empty() ? "" : ": ",
                    reason),
                fork});
    } else if (annotations.contains("import")) {
      add("archive", name, Input{digest_of(descriptor), cat("fork ", fork), fork});
    } else {
      const auto version = optional_string(annotations, "version", kProvenance);
      add("fork",
          fork,
          Input{cat(digest_of(descriptor),
                    version.empty() ? "" : " (",
                    version,
                    version.empty() ? "" : ")"),
                {},
                fork});
    }
  }
};

/// Whether what a workspace file says is among the other changes.
bool is_told(const std::string& path,
             const std::set<std::string>& forks,
             const std::set<std::string>& patches,
             bool packages) {
  constexpr std::string_view kForks = "forks/", kYaml = ".yaml";
  if (path == "cullet.lock")
    return packages;
  if (!path.starts_with(kForks))
    return false;
  const auto rest = path.substr(kForks.size());
  if (patches.contains(rest))
    return true;
  return rest.ends_with(kYaml) && forks.contains(rest.substr(0, rest.size() - kYaml.size()));
}

}  // namespace

std::vector<InputChange> changed_inputs(const Json& before, const Json& after) {
  const auto a = Reading(before).inputs, b = Reading(after).inputs;
  std::vector<InputChange> all;
  std::set<std::string> forks, patches;
  bool packages = false;
  const auto note = [&](const Inputs::key_type& key,
                        const Input& known,
                        const std::string& was,
                        const std::string& is) {
    const std::string kind(kKinds[key.first]);
    all.push_back({kind, key.second, was, is, known.why});
    if (!known.fork.empty())
      forks.insert(known.fork);
    if (kind == "patch")
      patches.insert(key.second);
    packages |= kind == "package";
  };
  for (const auto& [key, input] : a) {
    const auto found = b.find(key);
    if (found == b.end())
      note(key, input, input.value, "");
    else if (found->second.value != input.value)
      note(key, found->second, input.value, found->second.value);
  }
  for (const auto& [key, input] : b)
    if (!a.contains(key))
      note(key, input, "", input.value);
  std::erase_if(all, [&](const InputChange& one) {
    return one.kind == "workspace" && is_told(one.name, forks, patches, packages);
  });
  std::sort(all.begin(), all.end(), [](const InputChange& x, const InputChange& y) {
    return std::pair(rank(x.kind), x.name) < std::pair(rank(y.kind), y.name);
  });
  return all;
}

Versions versions_of(const Json& spdx) {
  std::set<std::string> patches;
  for (const auto& relation : array_at(spdx, "relationships", kSpdx))
    if (string_at(relation, "relationshipType", kSpdx) == "PATCH_FOR")
      patches.insert(string_at(relation, "spdxElementId", kSpdx));
  Versions out;
  for (const auto& package : array_at(spdx, "packages", kSpdx)) {
    const auto purpose = optional_string(package, "primaryPackagePurpose", kSpdx);
    if (purpose == "CONTAINER" || purpose == "OPERATING-SYSTEM" ||
        patches.contains(string_at(package, "SPDXID", kSpdx)))
      continue;
    auto& version = out[{purpose == "APPLICATION" ? "component" : "package",
                         string_at(package, "name", kSpdx)}];
    version += cat(version.empty() ? "" : ", ", optional_string(package, "versionInfo", kSpdx));
  }
  return out;
}

}  // namespace cullet::attest
