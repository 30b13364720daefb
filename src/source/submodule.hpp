// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/source/kept.hpp"
#include "cullet/source/source.hpp"

#include "file_tree.hpp"

namespace cullet::source {

/// Path → URL of what a .gitmodules file declares (gitmodules(5)). Includes are not followed.
/// Throws Kind::input, naming the line, for malformed text.
std::map<std::string, std::string> parse_gitmodules(std::string_view text);

/// Replaces every gitlink of `tree` by the files of the commit that it names, submodules of
/// submodules too. Each URL has a mirror of its own and is fetched only when the commit is not
/// there. `url` is where the tree itself came from: relative URLs start there. Throws Kind::input
/// for a gitlink without a URL, a commit that its repository doesn't have, and a local repository
/// below a remote one (it could be any file of this machine).
/// `seen`, where it isn't null, gets what was added, with its path as the name.
void add_submodules(const Context& context,
                    FileTree& tree,
                    const std::string& url,
                    std::vector<SourceCommit>* seen = nullptr);

}  // namespace cullet::source
