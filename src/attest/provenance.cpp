// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/provenance.hpp"

#include <set>

#include "cullet/attest/purl.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

using plan::ActionKind;

Json sha256_set(const Sha256& digest) {
  return {{"sha256", digest.hex()}};
}

/// "bookworm" of a node that unpacks packages.
std::string suite_of(const plan::Node& node) {
  if (node.environment != nullptr)
    return node.environment->suite;
  return node.subject.substr(0, node.subject.find(' '));
}

bool is_document(const std::string& path) {
  return path == "cullet.lock" || path.ends_with(".yaml");
}

void add_patches(const workspace::Fork& fork, const Circumstances& circumstances, Json& out) {
  for (const auto& patch : fork.patches) {
    Json annotations{{"fork", fork.name}, {"reason", patch.reason}, {"fixes", patch.fixes}};
    Json descriptor{{"name", patch.name()}};
    if (const auto* file = std::get_if<workspace::Patch::File>(&patch.from)) {
      descriptor["digest"] = sha256_set(circumstances.files.at("forks/" + file->path));
    } else if (const auto* commit = std::get_if<workspace::Patch::Commit>(&patch.from)) {
      descriptor["digest"] = {{"gitCommit", commit->id}};
    } else {
      const auto& member = std::get<workspace::Patch::Member>(patch.from);
      descriptor["digest"] = sha256_set(member.archive.sha256);
      annotations["path"] = member.path;
    }
    descriptor["annotations"] = std::move(annotations);
    out.push_back(std::move(descriptor));
  }
}

void add_fork(const workspace::Fork& fork, Json& out) {
  Json annotations{{"fork", fork.name}};
  if (!fork.version.empty())
    annotations["version"] = fork.version;
  if (!fork.upstream.empty())
    annotations["upstream"] = git_uri(fork.upstream);
  Json descriptor{{"name", "fork " + fork.name}, {"digest", {{"gitCommit", fork.commit}}}};
  const auto& from = fork.url.empty() && !fork.import ? fork.upstream : fork.url;
  if (const auto uri = git_uri(from); !uri.empty())
    descriptor["uri"] = uri;
  descriptor["annotations"] = std::move(annotations);
  out.push_back(std::move(descriptor));
  if (fork.url.empty() && fork.import)
    out.push_back({{"name", fork.import->name},
                   {"digest", sha256_set(fork.import->sha256)},
                   {"annotations", {{"fork", fork.name}, {"import", 1}}}});
}

/// Each package once, with everything that it is for.
void add_packages(const plan::Plan& plan, const std::vector<std::size_t>& nodes, Json& out) {
  std::map<std::string, std::pair<Json, std::set<std::string>>> packages;
  for (const auto index : nodes) {
    const auto& node = plan.nodes[index];
    for (const auto& package : node.packages) {
      const auto purl = deb_purl(package, suite_of(node));
      auto& [descriptor, uses] = packages[purl];
      descriptor = {{"name", package.name}, {"uri", purl}, {"digest", sha256_set(package.sha256)}};
      uses.insert(node.kind == ActionKind::environment ? node.title() : "image");
    }
  }
  for (auto& [purl, package] : packages) {
    package.first["annotations"] = {{"for", package.second}};
    out.push_back(std::move(package.first));
  }
}

/// The fork of each recipe whose steps ran: layers are named by recipes, and all else by forks.
Json forks_of_recipes(const plan::Plan& plan, const std::vector<std::size_t>& nodes) {
  Json out = Json::object();
  for (const auto index : nodes)
    if (const auto& node = plan.nodes[index]; node.kind == ActionKind::component)
      out[node.recipe->name] = node.fork->name;
  return out;
}

Json without_times(Json predicate) {
  if (predicate.contains("runDetails") && predicate["runDetails"].is_object())
    predicate["runDetails"].erase("metadata");
  return predicate;
}

/// A predicate without what may differ between two accounts of one build.
Json without_circumstance(Json predicate) {
  predicate = without_times(std::move(predicate));
  const Json::json_pointer list("/buildDefinition/resolvedDependencies");
  if (!predicate.contains(list) || !predicate[list].is_array())
    return predicate;
  for (auto& descriptor : predicate[list])
    if (descriptor.is_object() && descriptor.contains("name") && descriptor["name"].is_string() &&
        is_document(descriptor["name"].get<std::string>()))
      descriptor.erase("digest");
  return predicate;
}

}  // namespace

std::vector<std::size_t> nodes_of(const plan::Plan& plan, const plan::Plan::Target& target) {
  std::vector<bool> reached(plan.nodes.size(), false);
  for (const auto& root : {target.component, target.image, target.test})
    if (root)
      reached[*root] = true;
  for (std::size_t index = plan.nodes.size(); index-- > 0;)
    if (reached[index])
      for (const auto& dependency : plan.nodes[index].dependencies)
        reached[dependency.node] = true;
  std::vector<std::size_t> out;
  for (std::size_t index = 0; index < reached.size(); ++index)
    if (reached[index])
      out.push_back(index);
  return out;
}

std::vector<std::string> workspace_files(const plan::Plan& plan, const plan::Plan::Target& target) {
  std::set<std::string> files{"cullet.lock", "cullet.yaml", target.recipe->at.file};
  for (const auto index : nodes_of(plan, target)) {
    const auto& node = plan.nodes[index];
    if (node.recipe != nullptr)
      files.insert(node.recipe->at.file);
    if (node.fork == nullptr)
      continue;
    files.insert(node.fork->at.file);
    for (const auto& patch : node.fork->patches)
      if (const auto* file = std::get_if<workspace::Patch::File>(&patch.from))
        files.insert("forks/" + file->path);
  }
  return {files.begin(), files.end()};
}

Json provenance(const plan::Plan& plan,
                const plan::Plan::Target& target,
                const Circumstances& circumstances) {
  const auto nodes = nodes_of(plan, target);
  const auto& image = plan.nodes[target.image.value()];
  Json dependencies = Json::array();
  for (const auto& [path, digest] : circumstances.files)
    dependencies.push_back({{"name", path}, {"digest", sha256_set(digest)}});
  for (const auto index : nodes)
    if (plan.nodes[index].kind == ActionKind::source) {
      add_fork(*plan.nodes[index].fork, dependencies);
      add_patches(*plan.nodes[index].fork, circumstances, dependencies);
    }
  add_packages(plan, nodes, dependencies);
  Json paths = Json::array();
  for (const auto& [path, digest] : circumstances.files)
    paths.push_back(path);
  return {{"buildDefinition",
           {{"buildType", kBuildType},
            {"externalParameters", {{"recipe", target.recipe->name}, {"workspace", paths}}},
            {"internalParameters",
             {{"architecture", "amd64"},
              {"assembly", image.fixed.at("assembly")},
              {"compressor", image.fixed.at("compression")},
              {"cullet", circumstances.version},
              {"forks", forks_of_recipes(plan, nodes)},
              {"key", image.key.value().str()}}},
            {"resolvedDependencies", std::move(dependencies)}}},
          {"runDetails",
           {{"builder",
             {{"id", circumstances.builder}, {"version", {{"cullet", circumstances.version}}}}},
            {"metadata",
             {{"startedOn", rfc3339(circumstances.started)},
              {"finishedOn", rfc3339(circumstances.finished)}}}}}};
}

bool same_provenance(const Json& there, const Json& wanted) {
  return without_circumstance(there) == without_circumstance(wanted);
}

bool same_provenance_of_files(const Json& there, const Json& wanted) {
  return without_times(there) == without_times(wanted);
}

}  // namespace cullet::attest
