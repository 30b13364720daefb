// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cullet::workspace {

/// What an image must be like to be used: the file of `cullet verify --policy`. What it doesn't
/// mention is not asked; what it mentions must hold, and must be known to.
struct Policy {
  /// Files of public keys, relative to the policy's folder or absolute. No file is in both, for
  /// cosign takes any statement by a release key for a signature.
  std::vector<std::string> release_keys;      ///< one of them has signed the image
  std::vector<std::string> attestation_keys;  ///< whose statements are believed; may be empty

  std::vector<std::string> builders;    ///< URIs, one of which is provenance's builder.id
  std::vector<std::string> recipes;     ///< one of which the image was built from
  std::vector<std::uint32_t> assembly;  ///< contracts, one of which its bytes follow

  /// Where forks may be cloned from, and whether they may be made from release archives instead.
  struct Forks {
    /// "HOST", by https or ssh, or "SCHEME://HOST[:PORT][/GLOB]"; HOST may begin with "*.".
    std::vector<std::string> urls;
    bool imports = false;
  };
  std::optional<Forks> forks;

  bool patches_expire = false;  ///< each patch has a day until which it stands, and it's not past
  /// Advisories that the image must be free of: by a patch, by VEX, or because each of the named
  /// packages or components that it has is at least of this version.
  std::map<std::string, std::map<std::string, std::string>> fixed;
  /// Packages or components that must be at least of a version, of the image or what built it.
  std::map<std::string, std::string> at_least;
  std::optional<std::uint64_t> max_age;  ///< seconds since the build finished
  /// "provenance", "sbom" (of either kind), "spdx", "cyclonedx", "vex" (where a patch fixes an
  /// advisory), "vsa" or a predicate type's URI.
  std::vector<std::string> statements;

  /// Others who must have reproduced the image (attest/summary.hpp).
  struct Rebuilders {
    std::vector<std::string> keys;  ///< files as above, of whom each counts once
    std::uint32_t at_least = 1;
  };
  std::optional<Rebuilders> rebuilders;

  /// Whether anything but the signature and the content is asked for.
  [[nodiscard]] bool reads_statements() const;
};

/// Throws as the parsers of workspace.hpp do; `file` is for positions.
Policy parse_policy(std::string_view text, const std::string& file);

}  // namespace cullet::workspace
