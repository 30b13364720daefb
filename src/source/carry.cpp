// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "cullet/source/series.hpp"

#include "series_state.hpp"
#include "tree_diff.hpp"

namespace cullet::source {
namespace {

/// Two series of states, from the pin and from the commit that it is carried to.
class Carrying {
 public:
  Carrying(const Context& context, const workspace::Fork& fork, const Found& target)
      : context_(context),
        fork_(fork),
        repository_(target.repository.get()),
        pin_(*parse_id(fork.commit)),
        target_(*git_commit_id(target.commit.get())),
        bench_(context),
        old_(state_at(context, fork, bench_, pin_)),
        new_(state_at(context, fork, bench_, target_)) {}

  Carried carry(std::size_t index) {
    const auto& patch = fork_.patches[index];
    const auto text = read_patch(context_, fork_, patch).text;
    const auto before = old_.tree;
    old_ = patched(context_, fork_, bench_, patch, text, std::move(old_));
    Carried carried;
    carried.patch = index;
    const auto merged = bench_.merge(&before, new_.tree, old_.tree);
    const auto applied = as_it_is(patch, text);
    if (!merged.conflicts.empty())
      settle_conflict(patch, before, merged.conflicts, applied, carried);
    else if (git_oid_equal(&merged.tree, &new_.tree) != 0)
      settle_upstream(patch, before, carried);
    else
      settle_merged(patch, merged.tree, applied, carried);
    return carried;
  }

 private:
  /// What the patch's own text makes of the new series, if it applies.
  std::optional<State> as_it_is(const workspace::Patch& patch, const std::string& text) {
    try {
      return patched(context_, fork_, bench_, patch, text, new_);
    } catch (const Error& error) {
      if (error.kind() != Kind::input)
        throw;
      return std::nullopt;
    }
  }

  void settle_merged(const workspace::Patch& patch,
                     const git_oid& tree,
                     std::optional<State> applied,
                     Carried& carried) {
    if (applied && git_oid_equal(&applied->tree, &tree) != 0) {
      carried.fate = Fate::applies;
    } else {
      carried.fate = Fate::merged;
      carried.text = bench_.diff(new_.tree, tree);
    }
    if (const auto source = picked_from(patch))
      carried.note = cat("it was picked from ",
                         short_id(*source),
                         ", which is in this history; upstream may have reverted it since");
    new_ = State{bench_.read(tree), tree};
  }

  void settle_upstream(const workspace::Patch& patch, const git_oid& before, Carried& carried) {
    carried.fate = Fate::upstream;
    auto source = picked_from(patch);
    if (!source)
      source = same_change(before);
    carried.commit = source.value_or("");
    carried.note =
        source ? cat("it is upstream as ", short_id(*source)) : "what it changes is there";
  }

  void settle_conflict(const workspace::Patch& patch,
                       const git_oid& before,
                       std::vector<Conflict> conflicts,
                       std::optional<State> applied,
                       Carried& carried) {
    auto source = picked_from(patch);
    if (!source)
      source = same_change(before);
    if (source) {
      carried.fate = Fate::upstream;
      carried.commit = *source;
      carried.note = cat("it is upstream as ", short_id(*source), ", and changed since");
    } else if (applied) {
      // Changes that touch are a conflict to a merge; a patch only asks for its context.
      carried.fate = Fate::applies;
      new_ = std::move(*applied);
    } else {
      carried.conflicts = std::move(conflicts);
    }
  }

  /// The last of the commits that the patch was picked from, if the new history has them all.
  std::optional<std::string> picked_from(const workspace::Patch& patch) const {
    auto sources = patch.picked;
    if (const auto* commit = std::get_if<workspace::Patch::Commit>(&patch.from))
      sources.push_back(commit->id);
    for (const auto& source : sources) {
      const auto id = parse_id(source);
      if (!id || !in_history(repository_, *id, target_))
        return std::nullopt;
    }
    return sources.empty() ? std::nullopt : std::optional(sources.back());
  }

  /// A commit since the pin that changes the patch's files in the same way.
  std::optional<std::string> same_change(const git_oid& before) {
    const auto paths = bench_.changed(before, old_.tree);
    const auto diff = bench_.difference(before, old_.tree);
    git_oid wanted;
    check(git_diff_patchid(&wanted, diff.get(), nullptr), "read a patch-id");
    std::optional<std::string> found;
    walk_patch_ids(
        context_, repository_, pin_, target_, paths, [&](const git_oid& commit, const git_oid& id) {
          if (git_oid_equal(&id, &wanted) != 0)
            found = hex(commit);
          return !found;
        });
    return found;
  }

  const Context& context_;
  const workspace::Fork& fork_;
  git_repository* repository_;
  git_oid pin_, target_;
  Workbench bench_;
  State old_, new_;
};

}  // namespace

std::vector<Carried> carry(const Context& context,
                           const workspace::Fork& fork,
                           const std::string& commit) {
  const auto doing = [&] {
    return cat("carrying the patches of fork '", fork.name, "' to ", short_id(commit));
  };
  return with_context(doing, [&] {
    const auto target = find_named(context, fork, commit);
    Carrying carrying(context, fork, target);
    std::vector<Carried> carried;
    for (std::size_t i = 0; i < fork.patches.size(); ++i)
      carried.push_back(carrying.carry(i));
    return carried;
  });
}

}  // namespace cullet::source
