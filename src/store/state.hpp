// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "cullet/base/file.hpp"
#include "cullet/store/store.hpp"

#include "session.hpp"

namespace cullet::store {

struct Store::State {
  std::shared_ptr<Session> session;
};

/// A directory of the session that holds `root`, a tree in the making.
class Staging {
 public:
  /// `prefix` tells a person what it is.
  Staging(std::shared_ptr<Session> session, std::string_view prefix);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  Staging(Staging&&) = delete;
  Staging& operator=(Staging&&) = delete;
  /// Removes what was not published.
  ~Staging();

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }
  /// Writes the manifest, makes the whole tree durable and gives it its name. Where the store has
  /// that tree already, this one is left to be dropped.
  Tree publish(const TreeManifest& manifest);

 private:
  std::shared_ptr<Session> session_;
  Fd file_system_;
  std::filesystem::path directory_;  // empty when it was moved away
  std::filesystem::path root_;
};

struct StagedTree::State {
  State(const std::shared_ptr<Session>& session, std::string_view prefix)
      : staging(session, prefix) {}
  Staging staging;
};

}  // namespace cullet::store
