// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cullet/source/source.hpp"

#include "file_tree.hpp"

namespace cullet::source {

/// What a work tree was made from, kept in it as .git/cullet.json.
struct Start {
  std::string fork;  ///< a digest of the fork's pin and series
  std::string pin;   ///< the commit that stands for the pin, 40 hex digits
  std::string head;  ///< the commit of the last patch
};

/// An opened work tree (edit.hpp). Neither the machine's nor the user's git configuration is read.
class WorkTree {
 public:
  /// Throws Kind::input when there is none that cullet made.
  explicit WorkTree(const std::filesystem::path& directory);

  [[nodiscard]] const std::shared_ptr<git_repository>& repository() const { return repository_; }
  [[nodiscard]] const Start& start() const { return start_; }
  [[nodiscard]] git_oid head() const;
  /// Commits after the pin, oldest first. Throws Kind::input unless they are a line.
  [[nodiscard]] std::vector<Commit> commits() const;

  /// A path whose file differs from the one that is committed.
  struct Changed {
    std::string path;
    bool untracked = false;
  };
  [[nodiscard]] std::vector<Changed> changed() const;
  /// The files as they stand there now, committed or not. Throws Kind::input for untracked ones.
  [[nodiscard]] FileTree files(const Cancel& cancel) const;
  /// Throws Kind::input in the middle of a rebase, merge or the like.
  void check_settled() const;

  static void write(const Start& start, const std::filesystem::path& directory);

 private:
  std::filesystem::path directory_;
  std::shared_ptr<git_repository> repository_;
  Start start_;
};

/// Digest of what decides the states of a fork's series, the patches' texts included.
std::string start_digest(const Context& context, const workspace::Fork& fork);

}  // namespace cullet::source
