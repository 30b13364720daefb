// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cullet/base/file.hpp"

namespace cullet::build {

/// The output of one action's steps, in a file of the store's logs/.
class StepLog {
 public:
  StepLog(const std::filesystem::path& directory, const std::string& name);

  /// Where steps write to.
  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// A line of cullet's own between the steps' output.
  void say(const std::string& line);
  /// The last `count` lines, made printable, each at most 200 characters.
  [[nodiscard]] std::vector<std::string> tail(std::size_t count) const;

 private:
  std::filesystem::path path_;
  Fd file_;
};

}  // namespace cullet::build
