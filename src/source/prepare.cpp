// SPDX-License-Identifier: Apache-2.0
#include "prepare.hpp"

#include "checkout.hpp"
#include "origin.hpp"
#include "patch_apply.hpp"
#include "submodule.hpp"

namespace cullet::source {

Repository repository_of(const Context& context, const Mirror& mirror, const git_oid& commit) {
  if (mirror.exists()) {
    auto repository = mirror.open();
    if (find_commit(repository.get(), commit))
      return repository;
  }
  return restored(context, commit, false);
}

FileTree commit_tree(const Context& context,
                     const workspace::Fork& fork,
                     const Mirror& mirror,
                     const git_oid& commit,
                     std::vector<SourceCommit>* seen) {
  auto repository = repository_of(context, mirror, commit);
  if (!repository)
    repository = mirror.open();  // which the tree then says to be damaged
  FileTree tree;
  tree.add_commit(std::shared_ptr<git_repository>(repository.release(), git_repository_free),
                  commit,
                  "",
                  context.cancel);
  const auto origin = origin_of(fork);
  add_submodules(context, tree, origin.imported ? fork.upstream : origin.url, seen);
  return tree;
}

void apply_text(const Context& context,
                const workspace::Fork& fork,
                const workspace::Patch& patch,
                const std::string& text,
                FileTree& tree) {
  const auto* file = std::get_if<workspace::Patch::File>(&patch.from);
  const bool fresh = file != nullptr && context.unwritten.contains(file->path);
  const PatchLabel label{
      patch.name(),
      cat(fork.name, " ", fork.version.empty() ? short_id(fork.commit) : fork.version),
      patch.strip,
      fresh ? "the source has that change: there is nothing to carry"
            : cat("`cullet patch drop ", fork.name, " ", patch.name(), "` stops carrying it")};
  // Paths in what we make from a commit have git's own prefixes, whatever the patch says.
  const bool made_here = std::holds_alternative<workspace::Patch::Commit>(patch.from);
  apply_patch(
      tree, parse_patch(text, made_here ? 1 : patch.strip, label.name), label, context.cancel);
}

store::Tree prepare(const Context& context,
                    const workspace::Fork& fork,
                    std::vector<Sha256>* applied) {
  const auto doing = [&] {
    return cat("preparing fork '", fork.name, "' at ", short_id(fork.commit));
  };
  return with_context(doing, [&] {
    const auto pin = parse_id(fork.commit);
    const auto mirror = mirror_of(context, fork);
    if (!pin || !repository_of(context, mirror, *pin))
      throw Error(Kind::internal, "prepare() was called before ensure_pin()");
    auto tree = commit_tree(context, fork, mirror, *pin);
    for (const auto& patch : fork.patches) {
      const auto content = read_patch(context, fork, patch);
      apply_text(context, fork, patch, content.text, tree);
      if (applied != nullptr)
        applied->push_back(content.sha256);
    }
    auto staged = context.store.stage_tree();
    checkout(tree, staged.root(), context.cancel);
    return context.store.commit_tree(std::move(staged), {}, context.threads, context.cancel);
  });
}

}  // namespace cullet::source
