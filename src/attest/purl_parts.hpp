// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cullet::attest {

/// A package URL taken apart (package-url/purl-spec), all parts decoded. A subpath is dropped.
struct PurlParts {
  std::string type, name, version;  ///< name without namespace
  std::map<std::string, std::string> qualifiers;

  /// nullopt for what is none.
  static std::optional<PurlParts> parse(std::string_view text);
};

}  // namespace cullet::attest
