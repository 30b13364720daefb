// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/json.hpp"
#include "cullet/store/tree.hpp"

namespace cullet::store {

/// A tree in the store: its files and their manifest. The files are read-only by convention alone:
/// their modes are the canonical ones (0644, 0755), because steps see them through overlayfs, and
/// trees share them by hard links, so that a writer would change several trees at once. check()
/// finds what was changed.
struct Tree {
  TreeDigest digest;
  std::filesystem::path root;  ///< the directory that holds the files
};

/// What an action produced, under the key of all that it read. `value` is the action's own
/// (documented where it is made); `trees` and `blobs` keep what it names from being collected.
struct ActionRecord {
  Json value;
  std::vector<TreeDigest> trees;
  std::vector<BlobDigest> blobs;
};

/// A blob being written. Bytes are hashed on the way. Destroying it without commit() leaves
/// nothing behind.
class BlobWriter final : public Sink {
 public:
  ~BlobWriter() override;
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  void write(Bytes bytes) override;
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// Makes the blob durable under its digest. Writing the same bytes twice gives one file.
  BlobDigest commit();
  /// As commit(), but throws Kind::refused, naming `what` and both digests, and keeps nothing when
  /// the bytes are not the ones wanted.
  void commit_as(const BlobDigest& want, std::string_view what);

 private:
  friend class Store;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A directory being filled, to become a tree. Destroying it without commit leaves nothing behind.
class StagedTree {
 public:
  ~StagedTree();
  StagedTree(StagedTree&&) noexcept;
  StagedTree& operator=(StagedTree&&) = delete;
  StagedTree(const StagedTree&) = delete;
  StagedTree& operator=(const StagedTree&) = delete;

  /// An empty directory, on the store's file system, to put files into.
  [[nodiscard]] const std::filesystem::path& root() const noexcept;

 private:
  friend class Store;
  struct State;
  explicit StagedTree(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Holds the exclusive right to run one action, across threads and processes (flock(2) on a file
/// of the store: it goes with the process, whatever ends it).
class ActionLock {
 public:
  ActionLock(ActionLock&&) noexcept = default;
  ActionLock& operator=(ActionLock&&) noexcept = default;
  ActionLock(const ActionLock&) = delete;
  ActionLock& operator=(const ActionLock&) = delete;
  ~ActionLock() = default;

 private:
  friend class Store;
  explicit ActionLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

struct StoreUsage {
  std::uint64_t blobs = 0, blob_bytes = 0;
  std::uint64_t trees = 0, tree_bytes = 0;
  std::uint64_t actions = 0;
  std::uint64_t temporary_bytes = 0;
};

/// A verdict on the store's content: each problem is one line for a person.
struct CheckReport {
  std::uint64_t blobs = 0, trees = 0, actions = 0;
  std::vector<std::string> problems;
  std::vector<BlobDigest> damaged_blobs;  ///< those that problems were found with
  std::vector<TreeDigest> damaged_trees;
};

struct CollectReport {
  std::uint64_t removed_blobs = 0, removed_trees = 0, removed_actions = 0;
  std::uint64_t freed_bytes = 0;
};

/// The content-addressed store on this machine. Right after kill -9 at any instant: a file appears
/// under its name only when it is whole and synced. Safe for any number of threads and processes.
/// On disk, below the root:
///   version                    "cullet-store 1\n"
///   blobs/ab/<64 hex>          bytes with that SHA-256, mode 0444
///   trees/<64 hex>/manifest    the serialised TreeManifest with that digest
///   trees/<64 hex>/root/       its files
///   actions/ab/<64 hex>        canonical JSON of an ActionRecord, by Key
///   latest/<64 hex>            canonical JSON of the inputs that an action was last planned with,
///                              by the hash of its name
///   forks/                     bare git mirrors (layer source)
///   logs/                      output of steps (layer build)
///   failed/                    what failed steps left, to be looked into (layer build)
///   locks/store                shared by every open Store, exclusive while one collects
///   locks/tmp                  held while directories in tmp/ are made or found dead
///   locks/<64 hex>             one per action that ran, by Key
///   tmp/session-…/             unfinished writes of one Store, which holds session-…/lock locked
class Store {
 public:
  /// Opens the store at `root`, creating it where absent, and removes what dead writers left in
  /// tmp/. Throws Kind::input for a store of another format version (naming both) and for a
  /// directory that holds other things, Kind::machine where it can't be created. The Store holds a
  /// shared lock that collect() respects; waiting for a collector throws Kind::interrupted.
  explicit Store(const std::filesystem::path& root, const Cancel& cancel);
  ~Store();
  Store(Store&&) = delete;
  Store& operator=(Store&&) = delete;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] const std::filesystem::path& root() const noexcept;

  // --- blobs ---
  [[nodiscard]] BlobWriter new_blob();
  /// Durable on return.
  BlobDigest put_blob(std::string_view bytes);
  /// Size in bytes, or nullopt when the store has no such blob.
  [[nodiscard]] std::optional<std::uint64_t> blob_size(const BlobDigest& digest) const;
  [[nodiscard]] bool has_blob(const BlobDigest& digest) const {
    return blob_size(digest).has_value();
  }
  /// Throws Kind::machine when absent, hinting at `cullet store check`.
  [[nodiscard]] Fd open_blob(const BlobDigest& digest) const;
  [[nodiscard]] std::filesystem::path blob_path(const BlobDigest& digest) const;
  /// A small blob's bytes, verified while reading; throws Kind::refused when they don't hash to it.
  [[nodiscard]] std::string read_blob(const BlobDigest& digest, std::uint64_t limit) const;

  // --- trees ---
  [[nodiscard]] StagedTree stage_tree();
  /// Captures the staged directory (store/tree.hpp) and makes it a durable tree, with one syncfs(2)
  /// of the store's file system for all of its files. If the store has that tree already, the
  /// staged files are dropped.
  Tree commit_tree(StagedTree staged,
                   const CapturePolicy& policy,
                   unsigned threads,
                   const Cancel& cancel);
  /// A tree that holds part of another. Its files are hard-linked; bytes are copied only of a file
  /// that can't have more links. `part` must be a filter() of the manifest of `whole`, else it
  /// throws Kind::internal.
  Tree commit_part(const TreeDigest& whole, const TreeManifest& part);
  [[nodiscard]] std::optional<Tree> find_tree(const TreeDigest& digest) const;
  /// find_tree() or throw Kind::machine, hinting at `cullet store check`.
  [[nodiscard]] Tree tree(const TreeDigest& digest) const;
  [[nodiscard]] TreeManifest manifest(const TreeDigest& digest) const;

  // --- actions ---
  /// The record under `key`, if everything it names is still there; an unreadable or incomplete
  /// record counts as absent. Marks it as used now, for collect().
  [[nodiscard]] std::optional<ActionRecord> find_action(const Key& key) const;
  /// Makes the record durable, replacing one there. Throws Kind::internal if the store doesn't hold
  /// all that it names.
  void record_action(const Key& key, const ActionRecord& record);
  /// Waits until no other thread or process holds the lock of `key`; throws Kind::interrupted.
  [[nodiscard]] ActionLock lock_action(const Key& key, const Cancel& cancel) const;
  /// The key that the action called `name` ("component zlib in /home/x/ws") was last planned with,
  /// with the inputs behind it: what `cullet plan` compares against to say why.
  [[nodiscard]] std::optional<Json> latest(std::string_view name) const;
  void set_latest(std::string_view name, const Json& inputs);

  // --- places for other layers ---
  [[nodiscard]] std::filesystem::path forks_directory() const;
  [[nodiscard]] std::filesystem::path logs_directory() const;
  /// A new directory for work in progress; removed when released or, after a crash, by the next
  /// Store or collect().
  [[nodiscard]] StagedTree work_directory();

  // --- care ---
  /// Rehashes everything and checks every reference.
  [[nodiscard]] CheckReport check(unsigned threads, const Cancel& cancel) const;
  /// Removes what a check found damaged and all that does not belong to the store. Records which
  /// name it count as absent then, and the next build makes it again; without this it would stay:
  /// what is there under a digest is not written anew.
  void discard_damaged(const CheckReport& report);
  /// Sizes are those of the files; one that several trees share counts once.
  [[nodiscard]] StoreUsage usage(const Cancel& cancel) const;
  /// Removes actions not used since `before` (seconds since the epoch, compared with the kernel's
  /// time stamps) and all blobs and trees that no remaining action names, also logs, failed
  /// steps' remains and latest inputs older than that; with Mirrors::too, those last opened before,
  /// of which upstream may have lost what they hold by now. Waits until no other
  /// Store has this store open, in this process or another; nobody may be using this one meanwhile,
  /// apart from unfinished BlobWriters and StagedTrees, which stay. What was read before may be
  /// gone afterwards. Being killed or cancelled leaves a right store.
  enum class Mirrors { stay, too };
  CollectReport collect(std::int64_t before, const Cancel& cancel, Mirrors mirrors = Mirrors::stay);

 private:
  void discard_dangling_actions();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cullet::store
