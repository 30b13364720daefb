// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {

/// A patch of a series that is to be written.
struct SeriesEntry {
  std::optional<std::size_t> was;  ///< which one of the file it is; nullopt: a new one
  Patch patch;
};

/// The text of forks/NAME.yaml with another series. Only the lines of `patches:` differ: entries
/// keep their text, order and comments (those right above an entry go with it); of a changed one,
/// only the keys that changed are written anew; an entry that is not in `series` goes. A list in
/// flow style is written in block style. `fork` is what `text` parses to.
///
/// The result is parsed and compared with what was asked for: it throws Kind::input, naming the
/// line, where the text can't be edited so that it says that and nothing else.
std::string edit_patches(std::string_view text,
                         const Fork& fork,
                         const std::vector<SeriesEntry>& series);

/// Whether two patches say the same, wherever they stand.
bool same(const Patch& a, const Patch& b);

/// An entry as it is written into a fork's file, for people who do that by hand.
std::string patch_entry(const Patch& patch);

}  // namespace cullet::workspace
