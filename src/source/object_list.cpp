// SPDX-License-Identifier: Apache-2.0
#include "object_list.hpp"

#include <map>

namespace cullet::source {
namespace {

/// A path has no more components: they take two bytes each of store::kMaxPath.
constexpr unsigned kMaxDepth = 2048;

struct Entry {
  git_filemode_t mode;
  git_oid id;
};

std::map<std::string, Entry> entries_of(git_tree* tree) {
  std::map<std::string, Entry> entries;
  for (std::size_t i = 0; tree != nullptr && i < git_tree_entrycount(tree); ++i) {
    const auto* entry = git_tree_entry_byindex(tree, i);
    entries.insert_or_assign(git_tree_entry_name(entry),
                             Entry{git_tree_entry_filemode(entry), *git_tree_entry_id(entry)});
  }
  return entries;
}

void check_depth(unsigned depth) {
  if (depth > kMaxDepth)
    throw Error(Kind::refused, cat("trees are nested deeper than ", kMaxDepth));
}

}  // namespace

Commit ObjectList::commit(const git_oid& id) {
  auto found = find_commit(repository_, id);
  if (!found)
    throw Error(Kind::refused, cat("commit ", hex(id), " is missing"));
  ids_.insert(id);
  return found;
}

GitTree ObjectList::tree(const git_oid& id) {
  cancel_.check();
  GitTree found;
  if (git_tree_lookup(out_ptr(found), repository_, &id) < 0)
    throw Error(Kind::refused, cat("tree ", hex(id), " is missing or damaged"));
  ids_.insert(id);
  return found;
}

void ObjectList::add_commit(const git_oid& id) {
  add_tree(*git_commit_tree_id(commit(id).get()), 0);
}

void ObjectList::add_tree(const git_oid& id, unsigned depth) {
  check_depth(depth);
  if (ids_.contains(id))
    return;
  const auto found = tree(id);
  for (std::size_t i = 0; i < git_tree_entrycount(found.get()); ++i) {
    const auto* entry = git_tree_entry_byindex(found.get(), i);
    const auto mode = git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_TREE)
      add_tree(*git_tree_entry_id(entry), depth + 1);
    else if (mode != GIT_FILEMODE_COMMIT)
      ids_.insert(*git_tree_entry_id(entry));
  }
}

void ObjectList::add_change(const git_oid& id) {
  const auto after = commit(id);
  if (git_commit_parentcount(after.get()) == 0) {
    add_difference(nullptr, git_commit_tree_id(after.get()), 0);
    return;
  }
  const auto before = commit(*git_commit_parent_id(after.get(), 0));
  const auto& before_tree = *git_commit_tree_id(before.get());
  const auto& after_tree = *git_commit_tree_id(after.get());
  // Trees are compared by their ids first, but a reader looks the two roots up.
  tree(before_tree);
  tree(after_tree);
  add_difference(&before_tree, &after_tree, 0);
}

void ObjectList::add_difference(const git_oid* before, const git_oid* after, unsigned depth) {
  check_depth(depth);
  const bool equal = before != nullptr && after != nullptr && git_oid_equal(before, after) != 0;
  if (equal ||
      !compared_.emplace(before == nullptr ? "" : hex(*before), after == nullptr ? "" : hex(*after))
           .second)
    return;
  const auto old_tree = before == nullptr ? nullptr : tree(*before);
  const auto new_tree = after == nullptr ? nullptr : tree(*after);
  const auto old_entries = entries_of(old_tree.get());
  const auto new_entries = entries_of(new_tree.get());
  const auto add = [&](const Entry* old_entry, const Entry* new_entry) {
    if (old_entry != nullptr && new_entry != nullptr && old_entry->mode == new_entry->mode &&
        git_oid_equal(&old_entry->id, &new_entry->id) != 0)
      return;
    const auto subtree = [&](const Entry* entry) -> const git_oid* {
      if (entry == nullptr || entry->mode == GIT_FILEMODE_COMMIT)
        return nullptr;
      if (entry->mode == GIT_FILEMODE_TREE)
        return &entry->id;
      ids_.insert(entry->id);
      return nullptr;
    };
    const auto* old_subtree = subtree(old_entry);
    const auto* new_subtree = subtree(new_entry);
    if (old_subtree != nullptr || new_subtree != nullptr)
      add_difference(old_subtree, new_subtree, depth + 1);
  };
  for (const auto& [name, entry] : old_entries) {
    const auto found = new_entries.find(name);
    add(&entry, found == new_entries.end() ? nullptr : &found->second);
  }
  for (const auto& [name, entry] : new_entries)
    if (!old_entries.contains(name))
      add(nullptr, &entry);
}

}  // namespace cullet::source
