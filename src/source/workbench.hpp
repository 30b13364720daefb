// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cullet/source/series.hpp"

#include "file_tree.hpp"

namespace cullet::source {

using Index = Handle<git_index, git_index_free>;
using ConflictIterator = Handle<git_index_conflict_iterator, git_index_conflict_iterator_free>;

/// A repository of its own in the store's work directory, where trees are made and merged: it reads
/// objects of others, and what is written into it goes with it. Neither the machine's git
/// configuration nor anybody's attributes reach it.
class Workbench {
 public:
  explicit Workbench(const Context& context);

  [[nodiscard]] const std::shared_ptr<git_repository>& repository() const { return repository_; }

  /// The files as a git tree; objects in other repositories are found from then on.
  git_oid write(const FileTree& tree);
  /// The files of a git tree.
  [[nodiscard]] FileTree read(const git_oid& tree) const;
  /// Objects of `other` are found from now on.
  void read_from(git_repository* other);

  struct Merged {
    git_oid tree{};  ///< where there are no conflicts
    std::vector<Conflict> conflicts;
  };
  /// Three-way, with renames. Null `base`: the empty tree.
  [[nodiscard]] Merged merge(const git_oid* base, const git_oid& ours, const git_oid& theirs) const;

  [[nodiscard]] Diff difference(const git_oid& before, const git_oid& after) const;
  /// What changes from one tree to another, as a patch text; empty for nothing.
  [[nodiscard]] std::string diff(const git_oid& before, const git_oid& after) const;
  /// The paths that differ.
  [[nodiscard]] std::vector<std::string> changed(const git_oid& before, const git_oid& after) const;

 private:
  git_oid write(std::map<std::string, TreeFile>::const_iterator& at,
                const std::map<std::string, TreeFile>& files,
                const std::string& prefix);
  [[nodiscard]] GitTree tree(const git_oid& id) const;

  const Context& context_;
  store::StagedTree work_;
  std::shared_ptr<git_repository> repository_;
  std::set<std::string> sources_;
};

}  // namespace cullet::source
