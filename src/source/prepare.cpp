// SPDX-License-Identifier: Apache-2.0
#include "prepare.hpp"

#include "cullet/base/text.hpp"

#include "checkout.hpp"
#include "origin.hpp"
#include "patch_apply.hpp"
#include "submodule.hpp"

namespace cullet::source {

FileTree commit_tree(const Context& context,
                     const workspace::Fork& fork,
                     const Mirror& mirror,
                     const git_oid& commit) {
  FileTree tree;
  tree.add_commit(std::shared_ptr<git_repository>(mirror.open().release(), git_repository_free),
                  commit,
                  "",
                  context.cancel);
  const auto origin = origin_of(fork);
  add_submodules(context, tree, origin.imported ? fork.upstream : origin.url);
  return tree;
}

void apply_text(const Context& context,
                const workspace::Fork& fork,
                const workspace::Patch& patch,
                const std::string& text,
                FileTree& tree) {
  const PatchLabel label{
      patch.name(),
      cat(fork.name, " ", fork.version.empty() ? short_id(fork.commit) : fork.version),
      patch.strip};
  // Paths in what we make from a commit have git's own prefixes, whatever the patch says.
  const bool made_here = std::holds_alternative<workspace::Patch::Commit>(patch.from);
  apply_patch(
      tree, parse_patch(text, made_here ? 1 : patch.strip, label.name), label, context.cancel);
}

store::Tree prepare(const Context& context, const workspace::Fork& fork) {
  const auto doing = [&] {
    return cat("preparing fork '", fork.name, "' at ", short_id(fork.commit));
  };
  return with_context(doing, [&] {
    const auto pin = parse_id(fork.commit);
    const auto mirror = mirror_of(context, fork);
    if (!pin || !mirror.exists())
      throw Error(Kind::internal, "prepare() was called before ensure_pin()");
    auto tree = commit_tree(context, fork, mirror, *pin);
    for (const auto& patch : fork.patches)
      apply_text(context, fork, patch, read_patch(context, fork, patch).text, tree);
    auto staged = context.store.stage_tree();
    checkout(tree, staged.root(), context.cancel);
    return context.store.commit_tree(std::move(staged), {}, context.threads, context.cancel);
  });
}

}  // namespace cullet::source
