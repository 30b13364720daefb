// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cullet/base/json.hpp"

namespace cullet::attest {

/// An input of a build that is another one in a second build.
struct InputChange {
  /// "fork", "patch", "archive", "package", "recipe", "workspace" (other files of it), or what a
  /// build was made with: "cullet", "compressor", "assembly", "builder".
  std::string kind;
  std::string name;           ///< "zlib", "zlib/CVE-2023-45853.patch", "libc6", "recipes/zlib.yaml"
  std::string before, after;  ///< version, commit or digest; empty: it was not there, or is no more
  std::string why;            ///< of a patch: what it fixes and its reason; of a package: its uses

  friend bool operator==(const InputChange&, const InputChange&) = default;
};

/// The inputs that differ between two builds, by their provenance (attest/provenance.hpp): sorted
/// by kind as above, then by name. A workspace file whose change is told by what it says (a fork's
/// pin and patches, the lock's packages) is left out then. The predicates are verified, and foreign
/// all the same: throws Kind::input for another form, naming the member.
std::vector<InputChange> changed_inputs(const Json& before, const Json& after);

/// What an SBOM (attest/bill.hpp) says that an image is made of: {"component" or "package", name} →
/// version. Of a name with several versions, all of them with ", " between. Throws Kind::input
/// likewise.
using Versions = std::map<std::pair<std::string, std::string>, std::string>;
Versions versions_of(const Json& spdx);

}  // namespace cullet::attest
