// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/store.hpp"

#include "canonical.hpp"
#include "listing.hpp"
#include "record.hpp"
#include "state.hpp"
#include "walk.hpp"
#include "work_pool.hpp"

namespace cullet::store {
namespace {

constexpr std::size_t kQueuedFiles = 64;

std::string shown(const std::filesystem::path& path) {
  return printable(path.string());
}

/// What a problem was found with.
struct Subject {
  std::optional<BlobDigest> blob;
  std::optional<TreeDigest> tree;
};

/// A file whose bytes are to hash to something.
struct HashTask {
  Subject subject;
  Fd fd;
  std::uint64_t size;
  Sha256 want;
  std::string what;
};

class Problems {
 public:
  void add(const Subject& subject, std::string line) {
    const std::lock_guard guard(mutex_);
    lines_.push_back(std::move(line));
    if (subject.blob)
      blobs_.insert(*subject.blob);
    if (subject.tree)
      trees_.insert(*subject.tree);
  }
  void move_to(CheckReport& report) {
    std::sort(lines_.begin(), lines_.end());  // the order of threads is no order
    report.problems = std::move(lines_);
    report.damaged_blobs.assign(blobs_.begin(), blobs_.end());
    report.damaged_trees.assign(trees_.begin(), trees_.end());
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::set<BlobDigest> blobs_;
  std::set<TreeDigest> trees_;
};

class Checker {
 public:
  Checker(const Store& store, const Session& session, unsigned threads, const Cancel& cancel)
      : store_(store),
        session_(session),
        cancel_(cancel),
        pool_(threads, kQueuedFiles, [this](HashTask& task) { hash(task); }) {}

  CheckReport run() {
    CheckReport report;
    for (const auto& item : list_sharded(session_.blobs())) {
      cancel_.check();
      if (!named_by_digest(item))
        continue;
      ++report.blobs;
      const Subject blob{BlobDigest(*item.digest), {}};
      guarded(blob, cat("blob ", *item.digest), [&] { check_blob(item, blob); });
    }
    for (const auto& item : list_flat(session_.trees())) {
      cancel_.check();
      if (!named_by_digest(item))
        continue;
      ++report.trees;
      const Subject tree{{}, TreeDigest(*item.digest)};
      guarded(tree, cat("tree ", *item.digest), [&] { check_tree(tree); });
    }
    for (const auto& item : list_sharded(session_.actions())) {
      cancel_.check();
      if (!named_by_digest(item))
        continue;
      ++report.actions;
      check_action(item);
    }
    for (const auto& item : list_flat(session_.latest()))
      (void)named_by_digest(item);
    pool_.finish();
    problems_.move_to(report);
    return report;
  }

 private:
  /// Turns what can't be read into a problem. A machine that fails (a bad sector, too many open
  /// files) says nothing of the subject, which may be good when it is asked again.
  template <class Work>
  void guarded(const Subject& subject, const std::string& what, const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted || error.kind() == Kind::internal)
        throw;
      problems_.add(error.kind() == Kind::machine ? Subject{} : subject,
                    cat(what, ": ", error.message()));
    }
  }

  bool named_by_digest(const Item& item) {
    if (!item.digest)
      problems_.add({}, cat("'", shown(item.path), "' does not belong to the store"));
    return item.digest.has_value();
  }

  void hash(HashTask& task) {
    guarded(task.subject, task.what, [&] {
      const auto found = hash_file(task.fd.get(), task.size, task.what, cancel_);
      if (found != task.want)
        problems_.add(task.subject, cat(task.what, " hashes to ", found, ", not to ", task.want));
    });
  }

  void submit(HashTask task) {
    if (!pool_.submit(std::move(task)))
      pool_.finish();  // throws
  }

  void check_blob(const Item& item, const Subject& subject) {
    struct stat status {};
    const auto what = cat("blob '", shown(item.path), "'");
    if (!status_at(AT_FDCWD, item.path.string(), status))
      return;
    if (!S_ISREG(status.st_mode))
      return problems_.add(subject, what + " is not a file");
    if ((status.st_mode & 07777U) != 0444)
      problems_.add(subject, what + " does not have mode 0444");
    submit({subject,
            open_found(AT_FDCWD, item.path.string(), status, false),
            static_cast<std::uint64_t>(status.st_size),
            *item.digest,
            what});
  }

  void check_tree(const Subject& subject) {
    const auto& digest = *subject.tree;
    const auto place = session_.tree(digest);
    const auto directory = open_directory(place);
    for (const auto& name : list_directory(directory.get(), place.string()))
      if (name != "manifest" && name != "root")
        problems_.add(subject, cat("'", shown(place / name), "' does not belong to the store"));
    const auto manifest = store_.manifest(digest);
    const auto root = open_at(directory.get(), "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    std::vector<bool> seen(manifest.entries().size());
    std::map<std::pair<dev_t, ino_t>, std::string> inodes;
    const auto visit = [&](const WalkEntry& found) {
      const auto what = cat("tree ", digest, ": '", printable(found.path), "'");
      const auto* entry = manifest.find(found.path);
      if (entry == nullptr)
        return problems_.add(subject, what + " is not in its manifest");
      seen[static_cast<std::size_t>(entry - manifest.entries().data())] = true;
      check_entry(found, *entry, subject, what);
      if (entry->type != TreeEntryType::file && entry->type != TreeEntryType::hardlink)
        return;
      // A hardlink comes after its file in the manifest's order, not in the walk's.
      const auto& first = entry->type == TreeEntryType::file ? entry->path.str() : entry->target;
      const auto [inode, fresh] =
          inodes.try_emplace({found.status.st_dev, found.status.st_ino}, first);
      if (!fresh && inode->second != first)
        problems_.add(subject, what + " is linked to another file than its manifest says");
      else if (entry->type == TreeEntryType::hardlink && !is_link(root.get(), found, first))
        problems_.add(subject, cat(what, " is not a link to '", printable(first), "'"));
    };
    walk(root.get(), {}, visit, cancel_);
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (!seen[i])
        problems_.add(subject,
                      cat("tree ",
                          digest,
                          ": '",
                          printable(manifest.entries()[i].path.str()),
                          "' is missing"));
  }

  static bool is_link(int root, const WalkEntry& found, const std::string& path) {
    struct stat status {};
    return status_at(root, path, status) && status.st_dev == found.status.st_dev &&
           status.st_ino == found.status.st_ino;
  }

  void check_entry(const WalkEntry& found,
                   const TreeEntry& entry,
                   const Subject& subject,
                   const std::string& what) {
    const auto& status = found.status;
    const auto type = status.st_mode & S_IFMT;
    const auto wanted = entry.type == TreeEntryType::directory ? S_IFDIR
                        : entry.type == TreeEntryType::symlink ? S_IFLNK
                                                               : S_IFREG;
    if (type != static_cast<mode_t>(wanted))
      return problems_.add(subject, what + " has another type");
    if (!has_tree_time(status))
      problems_.add(subject, what + " has another time");
    if (entry.type == TreeEntryType::symlink) {
      if (read_link(found) != entry.target)
        problems_.add(subject, what + " has another target");
      return;
    }
    if ((status.st_mode & 07777U) != disk_mode(entry.type, entry.mode))
      problems_.add(subject, what + " has another mode");
    if (entry.type != TreeEntryType::file)
      return;
    if (static_cast<std::uint64_t>(status.st_size) != entry.size)
      return problems_.add(subject, cat(what, " has ", status.st_size, " bytes, not ", entry.size));
    guarded(subject, what, [&] {
      submit({subject,
              open_found(found.parent, found.name, status, false),
              entry.size,
              entry.content,
              what});
    });
  }

  void check_action(const Item& item) {
    const auto what = cat("action '", shown(item.path), "'");
    const auto record = read_record(item.path);
    if (!record)
      return problems_.add({}, what + " can't be read");
    for (const auto& digest : record->trees)
      if (!store_.find_tree(digest))
        problems_.add({}, cat(what, " names tree ", digest, ", which is missing"));
    for (const auto& digest : record->blobs)
      if (!store_.has_blob(digest))
        problems_.add({}, cat(what, " names blob ", digest, ", which is missing"));
  }

  const Store& store_;
  const Session& session_;
  const Cancel& cancel_;
  Problems problems_;
  WorkPool<HashTask> pool_;  // last: its threads use all of the above
};

/// By renaming, so that it goes as a whole.
void discard(Session& session, const std::filesystem::path& path) {
  const auto place = session.fresh_path("damaged");
  if (::rename(path.c_str(), place.c_str()) == 0)
    remove_tree(place);
  else if (errno != ENOENT)
    throw system_error(cat("cannot remove '", shown(path), "'"), errno);
}

}  // namespace

void Store::discard_damaged(const CheckReport& report) {
  auto& session = *state_->session;
  for (const auto& digest : report.damaged_blobs)
    discard(session, session.blob(digest));
  for (const auto& digest : report.damaged_trees)
    discard(session, session.tree(digest));
  for (const auto& list : {list_sharded(session.blobs()),
                           list_flat(session.trees()),
                           list_sharded(session.actions()),
                           list_flat(session.latest())})
    for (const auto& item : list)
      if (!item.digest)
        remove_tree(item.path);
  discard_dangling_actions();
}

/// Records that count as absent anyway, because what they name is gone.
void Store::discard_dangling_actions() {
  const auto whole = [&](const std::filesystem::path& path) {
    const auto record = read_record(path);
    return record &&
           std::all_of(record->trees.begin(),
                       record->trees.end(),
                       [&](const TreeDigest& digest) { return find_tree(digest).has_value(); }) &&
           std::all_of(record->blobs.begin(), record->blobs.end(), [&](const BlobDigest& digest) {
             return has_blob(digest);
           });
  };
  auto& session = *state_->session;
  for (const auto& item : list_sharded(session.actions()))
    if (!whole(item.path))
      discard(session, item.path);
}

CheckReport Store::check(unsigned threads, const Cancel& cancel) const {
  return with_context("checking the store",
                      [&] { return Checker(*this, *state_->session, threads, cancel).run(); });
}

}  // namespace cullet::store
