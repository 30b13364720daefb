// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/text.hpp"

#include "checkout.hpp"
#include "origin.hpp"
#include "patch_apply.hpp"
#include "submodule.hpp"

namespace cullet::source {

store::Tree prepare(const Context& context, const workspace::Fork& fork) {
  const auto doing = [&] {
    return cat("preparing fork '", fork.name, "' at ", short_id(fork.commit));
  };
  return with_context(doing, [&] {
    const auto pin = parse_id(fork.commit);
    const auto mirror = mirror_of(context, fork);
    if (!pin || !mirror.exists())
      throw Error(Kind::internal, "prepare() was called before ensure_pin()");
    FileTree tree;
    tree.add_commit(std::shared_ptr<git_repository>(mirror.open().release(), git_repository_free),
                    *pin,
                    "",
                    context.cancel);
    add_submodules(context, tree, origin_of(fork).url);
    for (const auto& patch : fork.patches) {
      const auto content = read_patch(context, fork, patch);
      const PatchLabel label{
          patch.name(),
          cat(fork.name, " ", fork.version.empty() ? short_id(fork.commit) : fork.version),
          patch.strip};
      // Paths in what we make from a commit have git's own prefixes, whatever the patch says.
      const bool made_here = std::holds_alternative<workspace::Patch::Commit>(patch.from);
      apply_patch(tree,
                  parse_patch(content.text, made_here ? 1 : patch.strip, label.name),
                  label,
                  context.cancel);
    }
    auto staged = context.store.stage_tree();
    checkout(tree, staged.root(), context.cancel);
    return context.store.commit_tree(std::move(staged), {}, context.threads, context.cancel);
  });
}

}  // namespace cullet::source
