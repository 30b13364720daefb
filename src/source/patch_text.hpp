// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cullet::source {

/// A line of a hunk. `text` is with its line end, which the last line of a file may lack.
struct HunkLine {
  char kind = ' ';  ///< ' ', '-' or '+'
  std::string text;
};

/// "@@ -old_start,old_count +new_start,new_count @@"; lines count from 1.
struct Hunk {
  std::uint64_t old_start = 0, old_count = 0;
  std::uint64_t new_start = 0, new_count = 0;
  std::vector<HunkLine> lines;
  std::size_t at = 0;  ///< line of the patch
};

/// What a patch does to one file. Paths are stripped, relative, and hold neither ".." nor ".git".
struct FilePatch {
  enum class Action { modify, create, remove, rename, copy };
  Action action = Action::modify;
  std::string old_path, new_path;  ///< equal but for rename and copy
  /// Of a plain section whose two names differ: the other one, which counts if `new_path` is not
  /// there.
  std::string other_path;
  /// A plain section can't say whether it makes the file or fills an empty one.
  bool may_create = false;
  std::optional<std::uint32_t> old_mode, new_mode;
  std::vector<Hunk> hunks;
  std::string binary;          ///< from "GIT binary patch" on; empty for text
  std::string old_id, new_id;  ///< of "index"; may be short or empty
  std::size_t at = 0;          ///< line of the patch
};

/// Parses git's format (renames, copies, modes, binary) and plain unified diffs (diff -u, diff
/// -ruN, svn, quilt), with any text around, as mail or commit messages. `strip` leading components
/// of paths are dropped, as patch -p. Throws Kind::input "patch NAME …", naming the line, for a
/// patch that is empty or holds no diff, context diffs, hunks that don't have the lines that their
/// header says, binary files without content, and paths that are absolute, hold "..", or lead into
/// .git.
std::vector<FilePatch> parse_patch(std::string_view text, int strip, std::string_view name);

}  // namespace cullet::source
