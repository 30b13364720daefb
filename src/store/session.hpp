// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/base/file.hpp"
#include "cullet/store/store.hpp"

namespace cullet::store {

inline constexpr int kFormat = 1;

/// One use of a store: its places, the shared lock that keeps collect() of others away, and a
/// directory tmp/session-… for unfinished writes. That directory is alive as long as somebody holds
/// the flock on the file `lock` in it; the next session removes dead ones. Writers share the
/// session, so that it outlives a Store they were made by. Thread-safe.
class Session {
 public:
  /// Opens or creates the store. Errors as Store::Store.
  Session(std::filesystem::path root, const Cancel& cancel);

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }
  [[nodiscard]] std::filesystem::path blobs() const { return root_ / "blobs"; }
  [[nodiscard]] std::filesystem::path trees() const { return root_ / "trees"; }
  [[nodiscard]] std::filesystem::path actions() const { return root_ / "actions"; }
  [[nodiscard]] std::filesystem::path latest() const { return root_ / "latest"; }
  [[nodiscard]] std::filesystem::path forks() const { return root_ / "forks"; }
  [[nodiscard]] std::filesystem::path failed() const { return root_ / "failed"; }
  [[nodiscard]] std::filesystem::path logs() const { return root_ / "logs"; }
  [[nodiscard]] std::filesystem::path locks() const { return root_ / "locks"; }
  [[nodiscard]] std::filesystem::path temporary() const { return root_ / "tmp"; }

  [[nodiscard]] std::filesystem::path blob(const BlobDigest& digest) const;
  [[nodiscard]] std::filesystem::path tree(const TreeDigest& digest) const;
  [[nodiscard]] std::filesystem::path action(const Key& key) const;

  /// A path in the session's own directory that was never used before.
  [[nodiscard]] std::filesystem::path fresh_path(std::string_view prefix);
  /// Moves a finished file to its place, replacing what is there; makes the place's directory where
  /// absent. With Durability::synced, file and name are on disk on return.
  void publish(int fd,
               const std::filesystem::path& from,
               const std::filesystem::path& to,
               Durability durability) const;
  /// Writes a whole small file and publishes it.
  void write(const std::filesystem::path& to, std::string_view bytes, Durability durability);

  /// Turns the shared lock into an exclusive one, waiting until no other session is open, and back.
  /// When it throws while another collector is at work, the session has no lock any more and must
  /// only be ended.
  void lock_exclusively(const Cancel& cancel);
  void unlock_exclusively() noexcept;
  /// Removes what dead sessions left in tmp/. What can't be removed stays for the next one.
  void remove_dead(const Cancel& cancel);

 private:
  void make_own_directory(const Cancel& cancel);
  std::vector<std::filesystem::path> adopt_dead(const Cancel& cancel);

  std::filesystem::path root_;
  Fd store_lock_;
  Fd own_lock_;  // held until own_ is removed
  std::optional<TemporaryDirectory> own_;
  std::atomic<std::uint64_t> counter_{0};
};

}  // namespace cullet::store
