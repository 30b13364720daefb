// SPDX-License-Identifier: Apache-2.0
// `cullet lock` against archives made here, through the machine's apt.
#include <filesystem>

#include <catch2/catch.hpp>

#include "cullet/environment/lock.hpp"

#include "failure.hpp"
#include "made_archive.hpp"

namespace cullet::environment {
namespace {

namespace fs = std::filesystem;

bool apt_is_missing() {
  for (const auto* program : {"/usr/bin/apt-get", "/usr/bin/apt-cache", "/usr/bin/apt-config"})
    if (!fs::exists(program)) {
      WARN("skipped: there is no apt here");
      return true;
    }
  return false;
}

const std::vector<MadeRecord> kRecords{
    {"app", "2.0-1", "libone (>= 1.0), tool", "", "app-source (2.0)"},
    {"libone", "1:1.0+b1", "libtwo", "", "one"},
    {"libtwo"},
    {"mtool", "3", "", "tool"},
    {"broken", "1", "absent"}};

workspace::Workspace workspace_of(const std::string& packages, const std::string& image = "") {
  workspace::Workspace result;
  result.config = workspace::parse_config(
      "environments:\n  c:\n    debian: bookworm\n    packages: [" + packages + "]\n",
      "cullet.yaml");
  if (!image.empty())
    result.recipes["i"] = workspace::parse_recipe(
        "environment: c\nimage:\n  contents: [" + image + "]\n", "recipes/i.yaml", "i");
  return result;
}

/// An archive, signed, and the way to lock against it.
struct Fixture {
  MadeArchive archive;
  std::optional<fs::path> keyring;
  int runs = 0;

  Fixture() {
    archive.publish(kRecords);
    if (!apt_is_missing() && (keyring = archive.make_key("key")))
      archive.sign("key");
  }
  [[nodiscard]] bool ready() const { return keyring.has_value(); }
  Lock lock(const workspace::Workspace& workspace, const Lock* keep = nullptr) {
    AptOptions options;
    options.work = archive.directory() / ("work " + std::to_string(runs++));
    options.mirrors = {archive.url()};
    options.architecture = "amd64";
    if (keyring)
      options.keyrings = {*keyring};
    return resolve(workspace, keep, options, Cancel());
  }
  std::string failed(Kind kind, const workspace::Workspace& workspace) {
    return failure(kind, [&] { (void)lock(workspace); });
  }
};

TEST_CASE("resolve: a set is what apt would install on nothing") {
  Fixture f;
  if (!f.ready())
    return;
  const auto lock = f.lock(workspace_of("app"));
  CHECK(lock.sets.at("environment c").packages ==
        std::vector<std::string>{
            "app=2.0-1:amd64", "libone=1:1.0+b1:amd64", "libtwo=1.0:amd64", "mtool=3:amd64"});
  const auto& app = lock.packages.at("app=2.0-1:amd64");
  CHECK(app.source == "app-source");
  CHECK(app.source_version == "2.0");
  CHECK(app.path == "pool/main/app_2.0-1_amd64.deb");
  CHECK(lock.packages.at("libone=1:1.0+b1:amd64").source_version == "1:1.0+b1");
  CHECK(Lock::parse(lock.serialize(), "cullet.lock").serialize() == lock.serialize());
  CHECK(lock.serialize().find(f.archive.directory().string()) == std::string::npos);
}

TEST_CASE("resolve: without dependencies a set is exactly what it names") {
  Fixture f;
  if (!f.ready())
    return;
  const auto lock = f.lock(workspace_of(
      "libtwo", "{ packages: [libone, broken], dependencies: false }, { packages: [libone] }"));
  CHECK(lock.sets.at("packages bookworm broken libone (no dependencies)").packages ==
        std::vector<std::string>{"broken=1:amd64", "libone=1:1.0+b1:amd64"});
  CHECK(lock.sets.at("packages bookworm libone").packages ==
        std::vector<std::string>{"libone=1:1.0+b1:amd64", "libtwo=1.0:amd64"});
}

TEST_CASE("resolve: what a lock holds already stays, what changed is resolved") {
  Fixture f;
  if (!f.ready())
    return;
  const auto before = f.lock(workspace_of("libtwo"));
  auto newer = kRecords;
  newer[2].version = "1.1";
  f.archive.publish(newer);
  f.archive.sign("key");
  CHECK(f.lock(workspace_of("libtwo"), &before).serialize() == before.serialize());
  const auto after = f.lock(workspace_of("libtwo", "{ packages: [libone] }"), &before);
  CHECK(after.packages.count("libtwo=1.0:amd64") == 1);
  CHECK(after.packages.count("libtwo=1.1:amd64") == 1);
  CHECK(f.lock(workspace_of("libtwo")).packages.count("libtwo=1.1:amd64") == 1);
  CHECK(f.lock(workspace_of("mtool"), &before).packages.count("libtwo=1.0:amd64") == 0);
}

TEST_CASE("resolve: a name that the archive doesn't have is suggested, with its place") {
  Fixture f;
  if (!f.ready())
    return;
  CHECK(f.failed(Kind::input, workspace_of("libtwo, libonee")) ==
        "error: cullet.yaml:4:24: there is no package 'libonee' in 'bookworm'\n"
        "  while resolving environment c (cullet.yaml:3:5)\n"
        "  while resolving packages of bookworm\nhint: did you mean 'libone'?\n");
}

TEST_CASE("resolve: a virtual package is no package") {
  Fixture f;
  if (!f.ready())
    return;
  CHECK(f.failed(Kind::input, workspace_of("mtool", "{ packages: [tool], dependencies: false }")) ==
        "error: recipes/i.yaml:3:27: 'tool' is a virtual package\n"
        "  while resolving packages bookworm tool (no dependencies) (recipes/i.yaml:3:14)\n"
        "  while resolving packages of bookworm\n"
        "hint: name one that provides it: mtool\n");
}

TEST_CASE("resolve: a dependency that can't be met says which") {
  Fixture f;
  if (!f.ready())
    return;
  const auto text = f.failed(Kind::input, workspace_of("broken"));
  INFO(text);
  CHECK(text.find("the packages can't be installed together from 'bookworm'") != std::string::npos);
  CHECK(text.find("Depends: absent") != std::string::npos);
}

TEST_CASE("resolve: an unsigned archive is refused") {
  Fixture f;
  if (!f.ready())
    return;
  fs::remove(f.archive.root() / "dists/bookworm/InRelease");
  CHECK(f.failed(Kind::refused, workspace_of("libtwo"))
            .rfind("error: the package index of 'bookworm' does not verify\n", 0) == 0);
}

TEST_CASE("resolve: a signature of another key is refused") {
  Fixture f;
  if (!f.ready())
    return;
  REQUIRE(f.archive.make_key("other"));
  f.archive.sign("other");
  const auto text = f.failed(Kind::refused, workspace_of("libtwo"));
  CHECK(text.find("NO_PUBKEY") != std::string::npos);
}

TEST_CASE("resolve: a Release that was changed after signing is refused") {
  Fixture f;
  if (!f.ready())
    return;
  const auto file = f.archive.root() / "dists/bookworm/InRelease";
  auto text = read_file(file, 1U << 20U);
  const auto at = text.find("Label: Debian");
  REQUIRE(at != std::string::npos);
  replace_file(file, text.replace(at, 13, "Label: Debiam"));
  (void)f.failed(Kind::refused, workspace_of("libtwo"));
}

TEST_CASE("resolve: an index that the Release doesn't vouch for is refused") {
  Fixture f;
  if (!f.ready())
    return;
  const auto file = f.archive.root() / "dists/bookworm/main/binary-amd64/Packages";
  auto text = read_file(file, 1U << 20U);
  text[text.find("made")] = 'M';
  replace_file(file, text);
  (void)f.failed(Kind::refused, workspace_of("libtwo"));
}

TEST_CASE("resolve: a suite that the mirror doesn't have is the workspace's mistake") {
  Fixture f;
  if (!f.ready())
    return;
  auto workspace = workspace_of("libtwo");
  workspace.config.environments["c"].suite = "bookwrm";
  CHECK(f.failed(Kind::input, workspace).rfind("error: a mirror does not carry 'bookwrm'\n", 0) ==
        0);
}

TEST_CASE("resolve: --offline resolves nothing, but a complete lock needs nothing") {
  Lock held;
  held.sets["environment c"] = {"bookworm", {"libtwo"}, true, {}};
  AptOptions options;
  options.offline = true;
  options.architecture = "amd64";
  CHECK(resolve(workspace_of("libtwo"), &held, options, Cancel()).sets.size() == 1);
  CHECK(failure(Kind::machine,
                [&] { (void)resolve(workspace_of("mtool"), &held, options, Cancel()); }) ==
        "error: cannot resolve 'environment c' with --offline\n"
        "hint: run `cullet lock` with a network, or take the request back\n");
}

TEST_CASE("resolve: apt can't work below a path that its configuration can't hold") {
  AptOptions options;
  options.work = "/tmp/with \"quotes\"";
  options.architecture = "amd64";
  CHECK(failure(Kind::machine, [&] {
          (void)resolve(workspace_of("libtwo"), nullptr, options, Cancel());
        }).find("hint: use a store whose path has no quotes") != std::string::npos);
}

}  // namespace
}  // namespace cullet::environment
