// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/text.hpp"
#include "cullet/source/series.hpp"

#include "series_state.hpp"

namespace cullet::source {
namespace {

/// The parent that a commit's change is seen from, as its tree; null for a first commit.
GitTree before(const Found& found, const std::string& name, unsigned mainline) {
  const auto parents = git_commit_parentcount(found.commit.get());
  const auto id = hex(*git_commit_id(found.commit.get()));
  if (parents > 1 && mainline == 0) {
    auto error = Error(Kind::input, cat("commit ", id, " is a merge"));
    for (unsigned i = 1; i <= parents; ++i)
      error.detail(
          cat("parent ", i, " is ", hex(*git_commit_parent_id(found.commit.get(), i - 1))));
    throw std::move(error).hint("say which parent its change is seen from: --mainline 1");
  }
  const auto number = std::max(1U, mainline);
  if (parents == 0 && mainline == 0)
    return nullptr;
  if (number > parents)
    throw Error(Kind::input, cat("commit ", id, " has no parent ", number, " for --mainline"))
        .detail(cat("it has ", parents));
  if (const auto parent = parent_of(found.repository.get(), found.commit, number))
    return tree_of(parent);
  throw Error(Kind::input, cat("the parent of commit ", id, " is missing"))
      .detail(cat("wanted: commit ",
                  hex(*git_commit_parent_id(found.commit.get(), number - 1)),
                  ", to see what ",
                  printable(name),
                  " changes"))
      .hint(
          "the repository it came from is shallow: fetch its whole history (git fetch "
          "--unshallow), then `cullet fork sync`");
}

Error contradiction(const workspace::Fork& fork,
                    const std::string& id,
                    const std::vector<Conflict>& conflicts) {
  Error error(Kind::input,
              cat("commit ",
                  short_id(id),
                  " contradicts ",
                  fork.name,
                  " ",
                  fork.version.empty() ? short_id(fork.commit) : fork.version,
                  fork.patches.empty() ? "" : " with its patches"));
  for (const auto& conflict : conflicts)
    error.detail(conflict.str());
  return std::move(error).hint(cat(
      "pick what it builds on as well, or solve it by hand: `cullet patch edit ", fork.name, "`"));
}

}  // namespace

Picked pick(const Context& context,
            const workspace::Fork& fork,
            const std::vector<std::string>& commits,
            unsigned mainline) {
  return with_context(
      [&] { return cat("picking commits onto fork '", fork.name, "'"); },
      [&] {
        std::vector<Found> found;
        for (const auto& name : commits)
          found.push_back(find_named(context, fork, name));
        Workbench bench(context);
        auto state = state_at(context, fork, bench, *parse_id(fork.commit));
        for (const auto& patch : fork.patches)
          state = patched(
              context, fork, bench, patch, read_patch(context, fork, patch).text, std::move(state));
        Picked picked;
        auto tree = state.tree;
        for (std::size_t i = 0; i < found.size(); ++i) {
          bench.read_from(found[i].repository.get());
          const auto base = before(found[i], commits[i], mainline);
          picked.commits.push_back(hex(*git_commit_id(found[i].commit.get())));
          const auto merged = bench.merge(base ? git_tree_id(base.get()) : nullptr,
                                          tree,
                                          *git_commit_tree_id(found[i].commit.get()));
          if (!merged.conflicts.empty())
            throw contradiction(fork, picked.commits.back(), merged.conflicts);
          tree = merged.tree;
        }
        if (git_oid_equal(&tree, &state.tree) != 0)
          throw Error(Kind::input,
                      cat("nothing is left to pick: ", fork.name, " has the change already"))
              .hint("it needs no patch");
        const auto* subject = git_commit_summary(found.at(0).commit.get());
        picked.subject = subject != nullptr ? subject : "";
        picked.text = bench.diff(state.tree, tree);
        return picked;
      });
}

}  // namespace cullet::source
