// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/image/explain_difference.hpp"

#include "likely_cause.hpp"

namespace cullet::image {

/// Most findings that are named at one place; the rest is counted.
inline constexpr std::size_t kMostFindings = 10;

/// Looks into pairs of files, within bounds that all of them share. Not thread-safe.
class Inside {
 public:
  Inside(const DifferenceOptions& options, std::vector<std::string>& notes)
      : options_(options), notes_(notes), left_(options.bytes) {}

  /// What differs in two texts of bytes that are not equal. Never throws for what they hold.
  std::vector<Finding> look(std::string_view first, std::string_view second) {
    return look(first, second, 0);
  }

 private:
  using Findings = std::vector<Finding>;

  /// A part of an archive, and what is said of it beside its bytes: "mtime" → "1".
  struct Member {
    std::map<std::string, std::string> fields;
    std::string bytes;
  };
  /// By name, in the archive's order; a name that comes again gets "#2".
  using Members = std::vector<std::pair<std::string, Member>>;

  Findings look(std::string_view first, std::string_view second, unsigned depth);
  Findings look_by_kind(std::string_view first, std::string_view second, unsigned depth);

  Findings in_elf(std::string_view first, std::string_view second);
  Findings in_compressed(std::string_view first, std::string_view second, unsigned depth);
  Findings in_members(const Members& first, const Members& second, unsigned depth);
  Findings in_json(std::string_view first, std::string_view second);
  Findings in_text(std::string_view first, std::string_view second);
  Findings in_bytes(std::string_view first, std::string_view second);

  /// nullopt for what is none, or can't be read as one.
  std::optional<Members> ar_members(std::string_view bytes);
  std::optional<Members> archive_members(std::string_view bytes);
  std::optional<std::string> decompressed(std::string_view bytes);

  /// Takes from what may be unpacked in all; false (with a note) once it is used up.
  bool spend(std::uint64_t bytes);

  const DifferenceOptions& options_;
  std::vector<std::string>& notes_;
  std::uint64_t left_;
};

/// Of two JSON values: what differs, by pointer. At most kMostFindings.
std::vector<Finding> json_findings(const Json& first,
                                   const Json& second,
                                   const DifferenceOptions& known);

/// "A instead of B", escaped and cut to what fits on a line.
std::string instead(std::string_view first, std::string_view second);
/// Escaped and cut to what fits on a line.
std::string excerpt(std::string_view text);

/// A finding with a guess made from two texts.
Finding finding(std::string where, std::string what, Guess guess);

}  // namespace cullet::image
