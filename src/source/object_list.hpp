// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>

#include "cullet/base/cancel.hpp"

#include "git.hpp"

namespace cullet::source {

struct IdLess {
  bool operator()(const git_oid& a, const git_oid& b) const noexcept {
    return git_oid_cmp(&a, &b) < 0;
  }
};
using ObjectIds = std::set<git_oid, IdLess>;

/// The objects that a commit is made of, without its history. Throws Kind::refused where the
/// repository hasn't got one of its commits or trees; whether it has the files is not looked at.
class ObjectList {
 public:
  ObjectList(git_repository* repository, const Cancel& cancel)
      : repository_(repository), cancel_(cancel) {}

  /// All of its files.
  void add_commit(const git_oid& commit);
  /// What it changes against its first parent, both commits included.
  void add_change(const git_oid& commit);

  [[nodiscard]] const ObjectIds& ids() const noexcept { return ids_; }

 private:
  GitTree tree(const git_oid& id);
  Commit commit(const git_oid& id);
  void add_tree(const git_oid& id, unsigned depth);
  void add_difference(const git_oid* before, const git_oid* after, unsigned depth);

  git_repository* repository_;
  const Cancel& cancel_;
  ObjectIds ids_;
  std::set<std::pair<std::string, std::string>> compared_;  ///< trees, so that none is met twice
};

}  // namespace cullet::source
