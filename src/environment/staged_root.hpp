// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/base/file.hpp"
#include "cullet/base/path.hpp"

namespace cullet::environment {

/// A rootfs while it is put together. What packages left there is not trusted: no operation follows
/// a symlink, so none leaves the root. The descriptor outlives it.
class StagedRoot {
 public:
  explicit StagedRoot(int root) : root_(root) {}

  enum class Type { none, file, directory, symlink, other };
  /// What is at `path`; none where a parent is absent. Throws Kind::input where a parent is no
  /// directory.
  [[nodiscard]] Type type(const RelativePath& path) const;
  /// Each makes parents where absent, and throws Kind::input where something is in the way.
  void make_directory(const RelativePath& path) const;
  void make_file(const RelativePath& path, std::string_view text) const;
  void make_symlink(const RelativePath& path, const std::string& target) const;

 private:
  [[nodiscard]] Fd open_parent(const RelativePath& path) const;
  int root_;
};

}  // namespace cullet::environment
