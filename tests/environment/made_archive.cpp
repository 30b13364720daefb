// SPDX-License-Identifier: Apache-2.0
#include "made_archive.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/digest.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/process.hpp"

#include "failure.hpp"
#include "made_deb.hpp"

namespace cullet::environment {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, std::string_view text) {
  make_directories(path.parent_path());
  replace_file(path, text, 0644, Durability::buffered);
}

/// gpg with its home below `directory`; its agent is ended at once, as it would outlive the test.
Captured gpg(const fs::path& home, std::vector<std::string> arguments) {
  ProcessSpec spec;
  spec.argv = {"gpg",
               "--homedir",
               home.string(),
               "--batch",
               "--quiet",
               "--pinentry-mode",
               "loopback",
               "--passphrase",
               ""};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.environment = {"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"};
  auto result = run_captured(spec, "", Cancel());
  spec.argv = {"gpgconf", "--homedir", home.string(), "--kill", "gpg-agent"};
  (void)run_captured(spec, "", Cancel());
  return result;
}

}  // namespace

MadeArchive::MadeArchive(std::string suite)
    : directory_(temporary(), "archive"), suite_(std::move(suite)) {}

fs::path MadeArchive::publish(const std::vector<MadeRecord>& records) const {
  std::string index;
  for (const auto& record : records) {
    const auto deb =
        made_deb(record.name, MadeTar().file("./usr/share/" + record.name, "x"), record.version);
    const auto path = cat("pool/main/", record.name, "_", record.version, "_amd64.deb");
    put(root() / path, deb);
    index += cat("Package: ",
                 record.name,
                 "\nVersion: ",
                 record.version,
                 "\nArchitecture: amd64\nMaintainer: nobody\nDescription: made\nFilename: ",
                 path,
                 "\nSize: ",
                 deb.size(),
                 "\nSHA256: ",
                 sha256(deb).hex(),
                 "\n");
    if (!record.depends.empty())
      index += "Depends: " + record.depends + "\n";
    if (!record.provides.empty())
      index += "Provides: " + record.provides + "\n";
    if (!record.source.empty())
      index += "Source: " + record.source + "\n";
    index += "\n";
  }
  const auto suite = root() / "dists" / suite_;
  put(suite / "main/binary-amd64/Packages", index);
  put(suite / "Release",
      cat("Origin: Debian\nLabel: Debian\nSuite: ",
          suite_,
          "\nCodename: ",
          suite_,
          "\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nArchitectures: amd64\nComponents: main\n"
          "SHA256:\n ",
          sha256(index).hex(),
          " ",
          index.size(),
          " main/binary-amd64/Packages\n"));
  return suite;
}

std::optional<fs::path> MadeArchive::make_key(const std::string& name) const {
  const auto home = directory_.path() / name;
  fs::create_directory(home);
  fs::permissions(home, fs::perms::owner_all);
  try {
    const auto made =
        gpg(home, {"--quick-generate-key", name + "@example.com", "ed25519", "sign", "never"});
    if (!made.status.ok()) {
      WARN("skipped: gpg can't make a key: " + made.err);
      return std::nullopt;
    }
  } catch (const Error& error) {
    WARN("skipped: " + error.message());
    return std::nullopt;
  }
  const auto keyring = directory_.path() / (name + ".gpg");
  put(keyring, gpg(home, {"--export"}).out);
  return keyring;
}

void MadeArchive::sign(const std::string& key) const {
  const auto suite = root() / "dists" / suite_;
  fs::remove(suite / "InRelease");
  const auto result = gpg(directory_.path() / key,
                          {"--digest-algo",
                           "SHA256",
                           "--clearsign",
                           "--output",
                           (suite / "InRelease").string(),
                           (suite / "Release").string()});
  INFO(result.err);
  REQUIRE(result.status.ok());
}

}  // namespace cullet::environment
