// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "history.hpp"
#include "prepare.hpp"
#include "workbench.hpp"

namespace cullet::source {

/// A source tree in both forms: what patches are applied to, and what git merges.
struct State {
  FileTree files;
  git_oid tree{};
};

/// The pin, or another commit, as prepare() would start from it. The bench finds its objects.
inline State state_at(const Context& context,
                      const workspace::Fork& fork,
                      Workbench& bench,
                      const git_oid& commit) {
  State state{commit_tree(context, fork, mirror_of(context, fork), commit), {}};
  state.tree = bench.write(state.files);
  return state;
}

/// The state with a patch of the fork on top.
inline State patched(const Context& context,
                     const workspace::Fork& fork,
                     Workbench& bench,
                     const workspace::Patch& patch,
                     const std::string& text,
                     State state) {
  apply_text(context, fork, patch, text, state.files);
  state.tree = bench.write(state.files);
  return state;
}

}  // namespace cullet::source
