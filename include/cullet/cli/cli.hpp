// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"

namespace cullet::cli {

/// Everything that a command takes from the process it runs in; only main() reads it from there.
struct Environment {
  std::map<std::string, std::string> variables;
  std::filesystem::path directory;  ///< absolute
  std::ostream& out;                ///< results, and nothing else
  std::ostream& err;                ///< progress, logs and errors
  bool err_is_terminal = false;
  unsigned terminal_columns = 80;
  unsigned processors = 1;
  std::function<std::int64_t()> now;  ///< seconds since the epoch
  Cancel cancel;
  /// What commands leave to the end of the process: giving back each of a large workspace's many
  /// small values takes longer than ending.
  std::vector<std::shared_ptr<const void>> kept;

  /// The variable, or "" where it is unset.
  [[nodiscard]] std::string get(const std::string& name) const;
};

/// Runs one command line (`arguments` without the program's name) and returns the exit status:
/// 0, 3 where a verdict is no, or exit_status() of the error (base/error.hpp). Never throws: errors
/// are rendered to environment.err.
int run(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace cullet::cli
