// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"

#include "patch_text.hpp"

namespace cullet::source {

/// Why a hunk has no place in a file: at the place where most of it fits.
struct HunkMiss {
  std::size_t hunk = 0;  ///< counted from 1
  std::size_t patch_line = 0;
  std::size_t line = 0;  ///< of the file, counted from 1: where it first differs
  std::string wanted;
  std::optional<std::string> found;  ///< nullopt: the file ends there
  bool there_already = false;        ///< what the hunk would make is in the file
  bool line_ends_differ = false;     ///< only CRLF and LF are different
};

struct HunkResult {
  std::string content;
  std::optional<HunkMiss> miss;
};

/// Applies hunks to a file's bytes as git apply does: all context and all deleted lines must match
/// to the byte, at the line that the header says or, searching outwards from there, at another one;
/// a hunk that starts at line 1 belongs at the start, one without context at its end belongs at the
/// end; lines that an earlier hunk made don't count as context.
HunkResult apply_hunks(std::string_view content,
                       const std::vector<Hunk>& hunks,
                       const Cancel& cancel);

/// The hunks that undo these.
std::vector<Hunk> reversed(std::vector<Hunk> hunks);

}  // namespace cullet::source
