// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/store/store.hpp"

#include "progress_view.hpp"
#include "session.hpp"

namespace cullet::cli {

/// A machine as much unlike this one as this one can play without other tools: another workspace
/// and store at long paths with spaces, home, umask, locale, zone, user and host name, number of
/// jobs and processors, clock, address layout and order of directories, with nothing in its
/// environment.
/// The program runs there as a process of its own, without network. All that it leaves lies in the
/// session's store as work in progress, which goes with this object or, after a crash, with the
/// next command or collection that opens the store.
class OtherMachine {
 public:
  explicit OtherMachine(Session& session);

  /// Directories for the caller to fill before the first build; neither exists yet.
  [[nodiscard]] const std::filesystem::path& workspace() const noexcept { return workspace_; }
  [[nodiscard]] const std::filesystem::path& store() const noexcept { return store_; }

  /// Builds recipes of the workspace there and tests them, but publishes nothing; returns the
  /// record of `cullet build --json`. What runs is shown in `view`. Throws what the build failed
  /// with, of its kind; a step or test that fails there throws Kind::refused. Cancellation ends it.
  Json build(const std::vector<std::string>& recipes, ProgressView& view);

  /// How many jobs it has, and processors, where they are more than one.
  [[nodiscard]] unsigned jobs() const noexcept { return jobs_; }
  /// How the last build's machine was another, each for people: "umask 0053". Sorted.
  [[nodiscard]] const std::vector<std::string>& varied() const noexcept { return varied_; }

 private:
  Session& session_;
  store::StagedTree place_;
  std::filesystem::path workspace_, store_;
  unsigned jobs_ = 1;
  std::vector<std::string> varied_;
};

}  // namespace cullet::cli
