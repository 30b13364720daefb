// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "cullet/base/file.hpp"

namespace cullet {

/// A TemporaryDirectory in a place that isn't ours to clean, such as the user's own: it is locked
/// (flock(2)) while it is in use, so that the next one made in the same place knows those that a
/// killed process left behind, and removes them. Only what this user owns is removed.
class ClaimedDirectory {
 public:
  /// Throws Kind::machine where `parent` can't be listed or written.
  ClaimedDirectory(const std::filesystem::path& parent, std::string_view prefix);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return claimed_.first.path(); }
  /// It stays: under another name by now, or the next ClaimedDirectory removes it.
  std::filesystem::path release() noexcept { return claimed_.first.release(); }

 private:
  std::pair<TemporaryDirectory, Fd> claimed_;  ///< with the lock
};

}  // namespace cullet
