// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/plan/plan.hpp"

namespace cullet::attest {

/// Holds a document to tests/golden/NAME; CULLET_ACCEPT=1 rewrites that.
inline void check_golden(const std::string& name, const Json& document) {
  const auto path = std::filesystem::path(CULLET_SOURCE_DIR) / "tests" / "golden" / name;
  const auto text = document.dump(2) + "\n";
  if (std::getenv("CULLET_ACCEPT") != nullptr) {
    replace_file(path, text);
    WARN("rewritten: " << path);
    return;
  }
  CHECK(text == read_file(path, 1U << 20U));
}

/// A workspace of one image, planned and "run": every node has a record.
class Sample {
 public:
  using Texts = std::map<std::string, std::string>;  ///< of YAML files, by name

  /// A patched fork, a Debian package, a declared file.
  Sample()
      : Sample({{"zlib", fork() + fix("zlib/fix.patch")}},
               {{"zlib",
                 "fork: zlib\nenvironment: c\nsteps: [{ run: make }]\n"
                 "image:\n  contents: [zlib, { packages: [libc6] }]\n"
                 "  files: [{ path: /etc/motd, text: hi }]\n"}},
               "zlib") {}
  Sample(const Texts& forks, const Texts& recipes, const std::string& image) {
    workspace.root = "/ws";
    workspace.config = workspace::parse_config(
        "environments:\n  c: { debian: bookworm, packages: [gcc] }\n", "cullet.yaml");
    for (const auto& [name, text] : forks)
      workspace.forks[name] = workspace::parse_fork(text, cat("forks/", name, ".yaml"), name);
    for (const auto& [name, text] : recipes)
      workspace.recipes[name] = workspace::parse_recipe(text, cat("recipes/", name, ".yaml"), name);
    add_package("environment c", "gcc", "gcc-defaults", "12.2");
    add_package("packages bookworm libc6", "libc6", "glibc", "2.36");
    plan = plan::make(workspace, lock, {image}, [](const std::string&) { return patch(); });
    for (std::size_t index = 0; index < plan.nodes.size(); ++index)
      run(index);
  }

  static std::string fork() {
    return cat("upstream: https://github.com/madler/zlib.git\n",
               "url: https://me:secret@git.example.com/zlib.git\n",
               "pin: { commit: ",
               std::string(40, 'a'),
               ", version: 1.2.13 }\n");
  }
  static std::string fix(const std::string& file) {
    return cat("patches:\n  - { file: ",
               file,
               ", fixes: [CVE-2023-45853], reason: overflow, added: 2026-11-20 }\n");
  }
  static Sha256 patch() { return sha256(std::string_view("patch")); }

  workspace::Workspace workspace;
  environment::Lock lock;
  plan::Plan plan;

 private:
  void add_package(const std::string& set,
                   const std::string& name,
                   const std::string& source,
                   const std::string& version) {
    const auto key = cat(name, "=", version, ":amd64");
    environment::LockedPackage package;
    package.name = name;
    package.version = package.source_version = version;
    package.architecture = "amd64";
    package.source = source;
    package.path = "pool/" + name + ".deb";
    package.sha256 = BlobDigest(sha256(std::string_view(name)));
    lock.packages[key] = package;
    lock.sets[set] = {"bookworm", {name}, true, {key}};
  }

  void run(std::size_t index) {
    const plan::Knowledge nothing{
        [](const Key&) -> std::optional<store::ActionRecord> { return std::nullopt; },
        [](const std::string&) -> std::optional<Json> { return std::nullopt; }};
    plan::examine(plan, index, nothing);
    auto& node = plan.nodes[index];
    const auto digest = node.key.value().str();
    node.record =
        store::ActionRecord{{{"tree", digest},
                             {"epoch", 1},
                             {"patches", Json::array({digest})},
                             {"manifest", {{"mediaType", "m"}, {"digest", digest}, {"size", 1}}}},
                            {TreeDigest(node.key.value())},
                            {}};
  }
};

}  // namespace cullet::attest
