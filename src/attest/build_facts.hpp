// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/json.hpp"

namespace cullet::attest {

/// What a statement of provenance says of a build, as far as policies ask.
struct BuildFacts {
  struct Fork {
    std::string name, version, uri;  ///< version and uri may be empty
    bool imported = false;           ///< made from a release archive
  };
  struct Patch {
    std::string fork, name;
    std::vector<std::string> fixes;
  };
  struct Package {
    std::string name, version, source, source_version;
    /// Unpacked into the image; else part of an environment only, of which steps may have copied or
    /// linked anything into what they built.
    bool in_image = false;
  };
  std::string builder, recipe;
  std::optional<std::uint64_t> assembly;
  std::optional<std::int64_t> finished;
  std::vector<Fork> forks;
  std::vector<Patch> patches;
  std::vector<Package> packages;

  /// From a predicate as provenance() makes it. Throws Kind::input for what is none, naming the
  /// member, and for another build type: its words may mean other things.
  static BuildFacts read(const Json& provenance);
};

}  // namespace cullet::attest
