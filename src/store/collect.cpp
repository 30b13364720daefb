// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/store.hpp"

#include "listing.hpp"
#include "lock.hpp"
#include "record.hpp"
#include "state.hpp"
#include "walk.hpp"

namespace cullet::store {
namespace {

namespace fs = std::filesystem;

class Exclusive {
 public:
  Exclusive(Session& session, const Cancel& cancel) : session_(session) {
    session_.lock_exclusively(cancel);
  }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;
  Exclusive(Exclusive&&) = delete;
  Exclusive& operator=(Exclusive&&) = delete;
  ~Exclusive() { session_.unlock_exclusively(); }

 private:
  Session& session_;
};

/// Works from the records down to what they name, so that being killed leaves only what nothing
/// names, never a record of something that is gone.
class Collector {
 public:
  Collector(Session& session, std::int64_t before, const Cancel& cancel)
      : session_(session), before_(before), cancel_(cancel) {}

  CollectReport run(Store::Mirrors mirrors) {
    collect_actions();
    // The records' removal must be on disk before that of what they name.
    if (::syncfs(open_directory(session_.root()).get()) != 0)
      throw system_error("cannot write the store to the disk", errno);
    collect_trees();
    collect_blobs();
    collect_latest();
    collect_logs();
    collect_failed();
    if (mirrors == Store::Mirrors::too)
      collect_forks();
    collect_locks();
    return report_;
  }

 private:
  void collect_actions() {
    for (const auto& item : list_sharded(session_.actions())) {
      cancel_.check();
      if (!item.digest)
        continue;  // not ours to judge; check() reports it
      const auto status = find_status(item.path);
      if (!status)
        continue;
      auto record = read_record(item.path);
      if (!record || status->st_mtim.tv_sec < before_) {
        remove_file(item.path, *status);
        ++report_.removed_actions;
        continue;
      }
      trees_.insert(record->trees.begin(), record->trees.end());
      blobs_.insert(record->blobs.begin(), record->blobs.end());
    }
  }

  void collect_trees() {
    for (const auto& item : list_flat(session_.trees())) {
      cancel_.check();
      if (!item.digest || trees_.count(TreeDigest(*item.digest)) != 0)
        continue;
      remove_directory(item.path);
      ++report_.removed_trees;
    }
  }

  void collect_blobs() {
    for (const auto& item : list_sharded(session_.blobs())) {
      cancel_.check();
      if (!item.digest || blobs_.count(BlobDigest(*item.digest)) != 0)
        continue;
      if (const auto status = find_status(item.path)) {
        remove_file(item.path, *status);
        ++report_.removed_blobs;
      }
    }
  }

  void collect_latest() {
    for (const auto& item : list_flat(session_.latest())) {
      struct stat status {};
      if (item.digest && ::lstat(item.path.c_str(), &status) == 0 &&
          status.st_mtim.tv_sec < before_)
        remove_file(item.path, status);
    }
  }

  void collect_logs() {
    const auto logs = open_directory(session_.logs());
    std::vector<std::string> directories;
    const auto visit = [&](const WalkEntry& entry) {
      if (entry.descriptor >= 0) {
        directories.push_back(entry.path);
      } else if (entry.status.st_mtim.tv_sec < before_) {
        if (::unlinkat(entry.parent, entry.name.c_str(), 0) != 0)
          fail("remove", session_.logs() / entry.path);
        count(entry.status);
      }
    };
    walk(logs.get(), {}, visit, cancel_);
    // Only empty ones go.
    for (auto path = directories.rbegin(); path != directories.rend(); ++path)
      ::unlinkat(logs.get(), path->c_str(), AT_REMOVEDIR);
  }

  void collect_locks() {
    for (const auto& item : list_flat(session_.locks())) {
      if (!item.digest)
        continue;
      const Fd fd(::open(item.path.c_str(), O_RDWR | O_CLOEXEC));
      if (fd.valid() && try_lock(fd.get(), LOCK_EX))
        ::unlink(item.path.c_str());
    }
  }

  void collect_failed() {
    for (const auto& name : list_directory(open_directory(session_.failed()).get(), "failed")) {
      cancel_.check();
      struct stat status {};
      if (::lstat((session_.failed() / name).c_str(), &status) == 0 &&
          status.st_mtim.tv_sec < before_)
        remove_directory(session_.failed() / name);
    }
  }

  /// Mirrors, by when one was last opened, and the lock files of those that are gone, which nobody
  /// holds now.
  void collect_forks() {
    for (const auto& name : list_directory(open_directory(session_.forks()).get(), "forks")) {
      cancel_.check();
      const auto path = session_.forks() / name;
      const auto status = find_status(path);
      if (status && S_ISDIR(status->st_mode)) {
        if (status->st_mtim.tv_sec < before_)
          remove_directory(path);
      } else if (status && path.extension() == ".lock") {
        if (auto mirror = path; !find_status(mirror.replace_extension(".git")))
          remove_file(path, *status);
      }
    }
  }

  /// First it loses its name as a whole: nothing must be found half removed.
  void remove_directory(const fs::path& path) {
    DiskUse use;
    use.add(path, cancel_);
    const auto place = session_.fresh_path("dead");
    if (::rename(path.c_str(), place.c_str()) != 0)
      fail("remove", path);
    remove_tree(place);
    report_.freed_bytes += use.only_here();
  }

  void remove_file(const fs::path& path, const struct stat& status) {
    if (::unlink(path.c_str()) != 0)
      fail("remove", path);
    count(status);
  }

  void count(const struct stat& status) {
    if (S_ISREG(status.st_mode) && status.st_nlink == 1)
      report_.freed_bytes += static_cast<std::uint64_t>(status.st_size);
  }

  [[noreturn]] static void fail(std::string_view what, const fs::path& path) {
    const int error_number = errno;
    throw system_error(cat("cannot ", what, " '", printable(path.string()), "'"), error_number);
  }

  Session& session_;
  const std::int64_t before_;
  const Cancel& cancel_;
  std::set<TreeDigest> trees_;
  std::set<BlobDigest> blobs_;
  CollectReport report_;
};

}  // namespace

CollectReport Store::collect(std::int64_t before, const Cancel& cancel, Mirrors mirrors) {
  return with_context("collecting what the store no longer needs", [&] {
    const Exclusive alone(*state_->session, cancel);
    state_->session->remove_dead(cancel);
    return Collector(*state_->session, before, cancel).run(mirrors);
  });
}

}  // namespace cullet::store
