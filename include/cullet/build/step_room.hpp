// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/sandbox/sandbox.hpp"
#include "cullet/store/store.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::build {

/// What every step of a component sees (documented in README.md, "What a step sees").
struct StepRoom {
  std::vector<std::filesystem::path> root;  ///< lower trees of "/", the first on top
  std::vector<std::filesystem::path> over;  ///< lower trees of /build, over its source
  std::filesystem::path source;             ///< the lowest tree of /build
  std::filesystem::path preload;            ///< over "/" but for checks; may be empty
  std::filesystem::path work;               ///< "upper" and "work" of /build
  std::filesystem::path out;                ///< bound at /out
  std::map<std::string, std::string> environment;

  [[nodiscard]] Json to_json() const;
  static StepRoom from_json(const Json& json);
  /// The sandbox of one command; `out_read_only` while checks run.
  [[nodiscard]] sandbox::Spec spec(std::vector<std::string> argv, bool out_read_only) const;
};

/// The fixed environment of steps, without a recipe's own `env`.
std::map<std::string, std::string> step_environment(std::int64_t epoch, unsigned jobs);

/// Where the room of a failed component is kept for `cullet shell --failed`, one per recipe and
/// workspace: a directory that holds room.json, source/ and out/.
std::filesystem::path failed_room(const store::Store& store,
                                  const workspace::Workspace& workspace,
                                  const std::string& recipe);

}  // namespace cullet::build
