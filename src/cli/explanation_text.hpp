// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cullet/attest/explain.hpp"
#include "cullet/build/image_parts.hpp"

namespace cullet::cli {

/// How an explanation is shown. Text from outside is escaped in all three.
struct ExplanationText {
  const build::ImageParts& parts;  ///< of the image
  /// How paths differ from those of an earlier image; nullopt: there is none to compare with.
  std::optional<std::map<std::string, std::string>> changes;

  [[nodiscard]] Json record(const attest::Explanation& one) const;
  /// One line, ending with a newline: path and origin.
  [[nodiscard]] std::string line(const attest::Explanation& one) const;
  /// Several lines: all that is known.
  [[nodiscard]] std::string paragraph(const attest::Explanation& one) const;

 private:
  /// "same", "added" or what changed; empty without an earlier image.
  [[nodiscard]] std::string change(const attest::Explanation& one) const;
};

}  // namespace cullet::cli
