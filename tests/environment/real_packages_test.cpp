// SPDX-License-Identifier: Apache-2.0
// Debian's own packages, from the machine's mirrors. Skipped where there are none to reach.
#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "cullet/base/process.hpp"

#include "rootfs_fixture.hpp"

namespace cullet::environment {
namespace {

std::optional<Lock> locked(const std::string& packages, const std::filesystem::path& work) {
  workspace::Workspace workspace;
  workspace.config = workspace::parse_config(
      "environments:\n  c: { debian: bookworm, packages: [" + packages + "] }\n", "cullet.yaml");
  AptOptions options;
  options.work = work;
  options.architecture = "amd64";
  if (machine_mirrors("bookworm").empty()) {
    WARN("skipped: this machine names no Debian mirror");
    return std::nullopt;
  }
  try {
    return resolve(workspace, nullptr, options, Cancel());
  } catch (const Error& error) {
    // Nothing else is an excuse: a signature that doesn't verify here is a failure.
    if (error.kind() != Kind::machine)
      throw;
    WARN("skipped: " + error.render());
    return std::nullopt;
  }
}

TEST_CASE("Real packages: a minimal system is locked, fetched and unpacked") {
  RootfsFixture f;
  const auto lock = locked("bash, coreutils, dash, libc6, zlib1g", f.directory.path() / "apt");
  if (!lock)
    return;
  const auto packages =
      lock->resolve("environment c", {"bash", "coreutils", "dash", "libc6", "zlib1g"}, "bookworm");
  CHECK(packages.size() > 8);
  auto context = f.context();
  context.mirrors = machine_mirrors("bookworm");
  fetch_packages(context, packages);
  const auto lines = f.unpack(packages, {}, true, true);
  const auto has = [&](const std::string& line) {
    return std::count(lines.begin(), lines.end(), line) == 1;
  };
  CHECK(has("bin -> usr/bin"));
  CHECK(has("lib64 -> usr/lib64"));
  CHECK(has("usr/bin/bash"));
  CHECK(has("usr/bin/sh -> dash"));
  CHECK(has("usr/lib/x86_64-linux-gnu/libc.so.6"));
  CHECK(has("var/lib/dpkg/status.d/libc6"));
  CHECK(f.text("var/lib/dpkg/status.d/libc6").find("\nStatus: install ok installed\n") !=
        std::string::npos);
  CHECK(f.text("var/lib/dpkg/status.d/libc6.md5sums").find("libc.so.6") != std::string::npos);

  const auto digest = f.tree.digest;
  f.unpack(packages, {}, true, true, 1);
  CHECK(f.tree.digest == digest);
  // The dynamic linker finds everything through the merged links: run a program of the tree by it.
  ProcessSpec spec;
  const auto root = f.tree.root.string();
  spec.argv = {root + "/lib64/ld-linux-x86-64.so.2",
               "--library-path",
               root + "/lib/x86_64-linux-gnu",
               root + "/bin/bash",
               "-c",
               "echo $((6 * 7))"};
  const auto ran = run_captured(spec, "", Cancel());
  CHECK(ran.out == "42\n");
}

}  // namespace
}  // namespace cullet::environment
