// SPDX-License-Identifier: Apache-2.0
#include "tree_diff.hpp"

#include "cullet/base/text.hpp"

namespace cullet::source {

Diff diff_trees(git_repository* repository,
                git_tree* before,
                git_tree* after,
                const std::vector<std::string>& paths) {
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_SHOW_BINARY | GIT_DIFF_DISABLE_PATHSPEC_MATCH;
  options.context_lines = 3;
  options.interhunk_lines = 0;
  options.id_abbrev = GIT_OID_HEXSZ;
  options.max_size = -1;
  options.old_prefix = "a";
  options.new_prefix = "b";
  std::vector<char*> pointers;
  for (const auto& path : paths)
    pointers.push_back(const_cast<char*>(path.c_str()));  // libgit2 only reads them
  options.pathspec = {pointers.data(), pointers.size()};
  Diff diff;
  check(git_diff_tree_to_tree(out_ptr(diff), repository, before, after, &options), "compare trees");
  return diff;
}

std::string patch_text(git_diff* diff, std::string_view what) {
  Buffer text;
  check(git_diff_to_buf(text.get(), diff, GIT_DIFF_FORMAT_PATCH), cat("read ", what));
  if (text.text().size() > kMaxPatch)
    throw Error(Kind::input, cat(what, " changes more than ", human_size(kMaxPatch)));
  return std::string(text.text());
}

}  // namespace cullet::source
