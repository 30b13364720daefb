// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::environment {

struct LockedPackage {
  std::string name, version, architecture;
  std::string source, source_version;  ///< of the source package, for purls
  std::string path;                    ///< in the archive: "pool/main/z/zlib/zlib1g_….deb"
  std::uint64_t size = 0;              ///< bytes of the .deb
  BlobDigest sha256;

  friend bool operator==(const LockedPackage&, const LockedPackage&) = default;
};

/// cullet.lock: JSON, one package a line, sorted; versioned ("lock": 1). A set is what one
/// environment, or one image's PackageSet, resolved to.
struct Lock {
  struct Set {
    std::string suite;
    std::vector<std::string> requested;  ///< as asked for, sorted
    bool dependencies = true;
    std::vector<std::string> packages;  ///< keys into Lock::packages, "name=version:arch", sorted
  };
  std::map<std::string, LockedPackage> packages;  ///< by "name=version:arch"
  std::map<std::string, Set> sets;                ///< by "environment NAME" or set_name()

  [[nodiscard]] std::string serialize() const;
  /// Throws Kind::input with line and column, also for a lock of a newer format.
  static Lock parse(std::string_view text, const std::string& file);
  /// The packages of a set, or Kind::input "cullet.lock does not hold …", hinting at `cullet lock`,
  /// when it is absent or was resolved from other names than `requested`, or (where `suite` isn't
  /// empty) in another suite.
  [[nodiscard]] std::vector<LockedPackage> resolve(const std::string& set,
                                                   std::vector<std::string> requested,
                                                   const std::string& suite = {}) const;
};

/// The workspace's own, as it was loaded; empty where there is none. Throws as Lock::parse().
Lock lock_of(const workspace::Workspace& workspace);

/// "packages bookworm libc6 libssl3", with " (no dependencies)" at its end where those are left
/// out: sets are shared between images that ask for the same.
std::string set_name(const std::string& suite, const workspace::PackageSet& set);
std::string environment_set_name(const std::string& environment);

/// What `cullet lock` asks apt.
struct AptOptions {
  std::filesystem::path work;        ///< an empty directory for apt's private state
  std::vector<std::string> mirrors;  ///< instead of the machine's; empty: the machine's
  std::string architecture;          ///< "amd64"
  bool offline = false;
  /// OpenPGP keyrings (.gpg or .asc) that `mirrors` must be signed with; empty: those the machine
  /// trusts for Debian.
  std::vector<std::filesystem::path> keyrings;
  /// "http", "https", "no" as http::Options has them; apt's own configuration goes first.
  std::map<std::string, std::string> proxies;
};

/// The Debian mirrors that the machine's apt configuration names for `suite`, its updates and its
/// security archive, in this order and without duplicates: base URLs, as "http://HOST/debian".
/// A machine that runs another suite of Debian names the same mirrors. Reads only configuration
/// files.
std::vector<std::string> machine_mirrors(const std::string& suite);

/// Resolves every environment and every image's package sets to exact packages through apt-get
/// with private directories: the machine's apt state is neither read nor changed, beyond its
/// mirrors, keyrings, proxies and checks of dates. Of `mirrors`, those whose last path component
/// names "security" carry SUITE-security, the others SUITE and SUITE-updates (a file: mirror what
/// it has of them). apt verifies the archive's signatures; an unsigned or wrongly signed index
/// throws Kind::refused, whatever the machine's configuration would let pass. A name apt doesn't
/// know throws Kind::input with its position and the nearest known. With `keep` (a lock that is
/// there already) a set whose request is unchanged stays as it is; without, all is resolved anew.
Lock resolve(const workspace::Workspace& workspace,
             const Lock* keep,
             const AptOptions& options,
             const Cancel& cancel);

}  // namespace cullet::environment
