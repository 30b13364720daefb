// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/store/tree.hpp"

#include "git.hpp"

namespace cullet::source {

/// A file of a source tree: still in git, or changed by a patch.
struct TreeFile {
  std::uint32_t mode = GIT_FILEMODE_BLOB;  ///< 0100644, 0100755, 0120000 or 0160000
  git_oid id{};                            ///< in `repository`; of a gitlink: the commit
  git_repository* repository = nullptr;
  std::shared_ptr<const std::string> content;  ///< instead of `id`
};

/// The files of a commit by path, sorted bytewise. Trees are hostile: names that could leave the
/// root or reach into .git, a name that is both file and directory, unknown modes, and more than a
/// checkout could hold throw Kind::input. No path in it is a directory of another.
class FileTree {
 public:
  static constexpr std::size_t kMaxFiles = 2'000'000;
  static constexpr std::size_t kMaxPath = store::kMaxPath;

  /// Adds a commit's files below `prefix` ("" or "dir/"). Keeps the repository open.
  void add_commit(const std::shared_ptr<git_repository>& repository,
                  const git_oid& commit,
                  const std::string& prefix,
                  const Cancel& cancel);
  /// The same for a tree.
  void add_tree(const std::shared_ptr<git_repository>& repository,
                const git_oid& tree,
                const std::string& prefix,
                const Cancel& cancel);

  [[nodiscard]] const std::map<std::string, TreeFile>& files() const noexcept { return files_; }
  [[nodiscard]] const TreeFile* find(const std::string& path) const;
  /// The bytes of a file, or a symlink's target.
  [[nodiscard]] static std::string content(const TreeFile& file, const std::string& path);
  /// The part of `path` that is a file or symlink and so can't be a directory, if any.
  [[nodiscard]] std::optional<std::string> blocking_parent(const std::string& path) const;
  /// Whether files stand below `path`.
  [[nodiscard]] bool is_directory(const std::string& path) const;

  void put(const std::string& path, TreeFile file) { files_[path] = std::move(file); }
  void remove(const std::string& path) { files_.erase(path); }

 private:
  void add_tree(git_repository* repository,
                const git_oid& id,
                const std::string& prefix,
                const Cancel& cancel);

  std::vector<std::shared_ptr<git_repository>> repositories_;
  std::map<std::string, TreeFile> files_;
  std::size_t directories_ = 0;  ///< visited
};

}  // namespace cullet::source
