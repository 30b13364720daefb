// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include "cullet/base/hex.hpp"
#include "cullet/base/text.hpp"
#include "cullet/source/series.hpp"

#include "kept.hpp"
#include "tree_diff.hpp"

namespace cullet::source {
namespace {

constexpr std::size_t kMinDigits = 7;

/// Where a name may stand, the fork's own first.
constexpr std::string_view kPlaces[] = {
    "refs/tags/", "refs/heads/", "refs/upstream/tags/", "refs/upstream/heads/"};

bool is_abbreviated(std::string_view name) {
  return name.size() >= kMinDigits && name.size() < GIT_OID_HEXSZ && is_hex(name, name.size());
}

/// The commits that a name means, by what calls them so.
std::map<std::string, git_oid> meanings(git_repository* repository,
                                        const References& references,
                                        const std::string& name) {
  std::map<std::string, git_oid> found;
  for (const auto place : kPlaces) {
    const auto reference = references.find(cat(place, name));
    if (reference == references.end())
      continue;
    if (const auto commit = peeled_commit(repository, reference->second))
      found.emplace(reference->first, *git_commit_id(commit.get()));
  }
  return found;
}

Commit by_prefix(git_repository* repository, const std::string& name) {
  git_oid prefix{};
  if (git_oid_fromstrn(&prefix, name.data(), name.size()) < 0)
    return nullptr;
  Commit commit;
  const int code = git_commit_lookup_prefix(out_ptr(commit), repository, &prefix, name.size());
  if (code == GIT_EAMBIGUOUS)
    throw Error(Kind::input, cat("several commits begin with ", name)).hint("give more digits");
  if (code < 0)
    commit.reset();
  return commit;
}

Commit look_up(git_repository* repository, const References& references, const std::string& name) {
  if (const auto id = parse_id(name))
    return find_commit(repository, *id);
  const auto found = meanings(repository, references, name);
  for (const auto& [place, id] : found)
    if (git_oid_equal(&id, &found.begin()->second) == 0) {
      auto error = Error(Kind::input, cat("'", printable(name), "' means several commits"));
      for (const auto& [other, commit] : found)
        error.detail(cat(printable(other), " is ", hex(commit)));
      throw std::move(error).hint("give the commit's id");
    }
  if (!found.empty())
    return find_commit(repository, found.begin()->second);
  return is_abbreviated(name) ? by_prefix(repository, name) : nullptr;
}

Error unknown(const workspace::Fork& fork, const References& references, const std::string& name) {
  auto error =
      Error(Kind::input,
            cat("fork '", fork.name, "' and its upstream have no commit '", printable(name), "'"));
  std::vector<std::string> known;
  for (const auto& [reference, id] : references)
    for (const auto place : kPlaces)
      if (reference.starts_with(place))
        known.push_back(reference.substr(place.size()));
  if (const auto near = nearest(name, known))
    return std::move(error).hint(cat("did you mean '", printable(*near), "'?"));
  if (fork.upstream.empty())
    error.hint("the fork names no `upstream` to look in");
  return std::move(error).hint("give a commit's id, 7 digits at least, or a tag or branch");
}

}  // namespace

Found find_named(const Context& context, const workspace::Fork& fork, const std::string& name) {
  const auto mirror = mirror_of(context, fork);
  const auto look = [&]() -> Found {
    if (!mirror.exists())
      return {};
    auto repository = mirror.open();
    auto commit = look_up(repository.get(), mirror.references(), name);
    return {std::move(repository), std::move(commit)};
  };
  auto found = look();
  if (found.commit)
    return found;
  {
    const auto lock = mirror.lock();
    found = look();
    if (found.commit)
      return found;
    sync_locked(context, fork, mirror, lock);
  }
  found = look();
  if (!found.commit)
    throw unknown(fork, mirror.references(), name);
  return found;
}

Found find_change(const Context& context, const workspace::Fork& fork, const std::string& id) {
  const auto mirror = mirror_of(context, fork);
  const auto wanted = parse_id(id);
  Repository repository;
  if (mirror.exists())
    repository = mirror.open();
  if (wanted && !(repository && find_commit(repository.get(), *wanted)))
    repository = restored_or_kept(context, *wanted, true);
  if (wanted && repository) {
    auto commit = find_commit(repository.get(), *wanted);
    return {std::move(repository), std::move(commit)};
  }
  return find_named(context, fork, id);
}

std::string resolve_commit(const Context& context,
                           const workspace::Fork& fork,
                           const std::string& name) {
  return with_context(
      [&] { return cat("looking for commit '", printable(name), "' of fork '", fork.name, "'"); },
      [&] { return hex(*git_commit_id(find_named(context, fork, name).commit.get())); });
}

Commit parent_of(git_repository* repository, const Commit& commit, unsigned number) {
  return find_commit(repository, *git_commit_parent_id(commit.get(), number - 1));
}

GitTree tree_of(const Commit& commit) {
  GitTree tree;
  check(git_commit_tree(out_ptr(tree), commit.get()),
        cat("read the tree of commit ", hex(*git_commit_id(commit.get()))));
  return tree;
}

bool in_history(git_repository* repository, const git_oid& commit, const git_oid& of) {
  if (git_oid_equal(&commit, &of) != 0)
    return true;
  if (!find_commit(repository, commit))
    return false;
  const int code = git_graph_descendant_of(repository, &of, &commit);
  check(code, cat("walk the history of ", hex(of)));
  return code == 1;
}

void walk_patch_ids(const Context& context,
                    git_repository* repository,
                    const git_oid& from,
                    const git_oid& to,
                    const std::vector<std::string>& paths,
                    const std::function<bool(const git_oid&, const git_oid&)>& see) {
  const auto doing = cat("walk the history of ", hex(to));
  RevWalk walk;
  check(git_revwalk_new(out_ptr(walk), repository), doing);
  check(git_revwalk_sorting(walk.get(), GIT_SORT_TIME | GIT_SORT_TOPOLOGICAL), doing);
  check(git_revwalk_push(walk.get(), &to), doing);
  check(git_revwalk_hide(walk.get(), &from), doing);
  git_oid id;
  int next = 0;
  while ((next = git_revwalk_next(&id, walk.get())) == 0) {
    context.cancel.check();
    const auto commit = find_commit(repository, id);
    const auto parents = commit ? git_commit_parentcount(commit.get()) : 2;
    if (parents > 1)
      continue;
    const auto parent = parents == 1 ? parent_of(repository, commit, 1) : nullptr;
    if (parents == 1 && !parent)
      continue;  // where a shallow history ends
    const auto before = parent ? tree_of(parent) : nullptr;
    const auto diff = diff_trees(repository, before.get(), tree_of(commit).get(), paths);
    if (git_diff_num_deltas(diff.get()) == 0)
      continue;
    git_oid patch_id;
    check(git_diff_patchid(&patch_id, diff.get(), nullptr), doing);
    if (!see(id, patch_id))
      return;
  }
  if (next != GIT_ITEROVER)
    check(next, doing);
}

}  // namespace cullet::source
