// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/file.hpp"
#include "cullet/source/source.hpp"

#include "git.hpp"

namespace cullet::source {

/// Full reference names and what they point at; annotated tags are not peeled.
using References = std::map<std::string, git_oid>;

/// A bare git repository in the store's forks/ directory:
///   NAME-<16 hex>.git    the repository; the digits come from where its content comes from
///   NAME-<16 hex>.lock   flock(2) file of those that change it
/// Its references live in `packed-refs` alone (git-pack-refs(1)), which is replaced as a whole:
/// after kill -9 or a power cut either all references of an update are there or none, and packs are
/// on disk before any reference leads to them. References:
///   refs/heads/*, refs/tags/*                the fork's
///   refs/heads/import                        an imported archive
///   refs/upstream/heads/*, .../tags/*        upstream's, after a sync
///   refs/cullet/pins/<40 hex>                a commit once seen to be reachable from the fork's
///   own
/// Readers need no lock: objects and packs are only ever added.
class Mirror {
 public:
  /// Nothing is made yet. `name` may hold anything; `identity` is what tells two mirrors of that
  /// name apart.
  Mirror(const Context& context, std::string_view name, std::string_view identity);

  [[nodiscard]] bool exists() const;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Throws Kind::machine when it is not there. Marks it as used now, for Store::collect().
  [[nodiscard]] Repository open() const;
  /// Throws Kind::machine, saying what to do, where a reference leads to nothing that can be read.
  void demand_whole() const;
  [[nodiscard]] References references() const;

  /// The right to change the mirror, until the end of its lifetime or of the process.
  class Lock {
   public:
    /// Replaces all references, durably. Packs that they need must be there: sync_packs().
    void write(const References& references) const;
    /// Makes new packs durable.
    void sync_packs() const;
    /// Removes the mirror; after kill -9 it is there whole, or not at all.
    void remove() const;

   private:
    friend class Mirror;
    Lock(const Mirror& mirror, Fd fd) : mirror_(mirror), fd_(std::move(fd)) {}
    const Mirror& mirror_;
    Fd fd_;
  };
  /// Waits for other threads and processes (throws Kind::interrupted), makes the repository where
  /// absent, and removes what a killed process left half-done.
  [[nodiscard]] Lock lock() const;

 private:
  void create() const;
  void clean() const;

  const Context& context_;
  std::filesystem::path path_;
};

/// Whether `commit` is one of the history of branches and tags below `prefixes`.
bool is_reachable(git_repository* repository,
                  const References& references,
                  const git_oid& commit,
                  const std::vector<std::string>& prefixes);

/// The commit that a reference's object is or, as a tag, leads to; null for tags of other objects.
Commit peeled_commit(git_repository* repository, const git_oid& id);

}  // namespace cullet::source
