// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/tree.hpp"

#include "canonical.hpp"
#include "walk.hpp"
#include "work_pool.hpp"

namespace cullet::store {
namespace {

// Each queued file is an open descriptor.
constexpr std::size_t kQueuedFiles = 64;

/// A file's inode: what its paths have in common.
struct Inode {
  std::uint32_t raw_mode = 0;
  std::uint64_t size = 0;
  Sha256 content;                         // written by a worker
  std::optional<std::uint32_t> declared;  // by any of its paths
  std::uint32_t applied = 0;              // the mode that a worker gives it
};

struct Found {
  RelativePath path;
  TreeEntryType type;
  std::uint32_t raw_mode;  // of a directory
  std::string target;      // of a symlink
  Inode* inode;            // of a file
};

struct HashTask {
  Fd fd;
  std::string path;
  std::uint32_t mode;
  Inode* inode;
};

[[noreturn]] void refuse(std::string_view path, std::string_view why) {
  throw Error(Kind::input, cat("'", printable(path), "' ", why));
}

class Capture {
 public:
  Capture(int root, const CapturePolicy& policy, unsigned threads, const Cancel& cancel)
      : root_(root),
        policy_(policy),
        cancel_(cancel),
        pool_(threads, kQueuedFiles, [this](HashTask& task) { hash(task); }) {}

  TreeManifest run() {
    canonicalise(root_, 0755, ".");
    WalkRules rules;
    rules.repair = true;
    rules.max_entries = policy_.max_entries;
    walk(
        root_, rules, [this](const WalkEntry& entry) { visit(entry); }, cancel_);
    pool_.finish();
    return assemble();
  }

 private:
  void visit(const WalkEntry& entry) {
    if (entry.path.size() > kMaxPath)
      refuse(entry.path.substr(0, 80) + "…", cat("is a path of more than ", kMaxPath, " bytes"));
    switch (entry.status.st_mode & S_IFMT) {
      case S_IFDIR:
        return visit_directory(entry);
      case S_IFREG:
        return visit_file(entry);
      case S_IFLNK:
        return visit_symlink(entry);
      case S_IFIFO:
        refuse(entry.path, "is a fifo, which a tree can't hold");
      case S_IFSOCK:
        refuse(entry.path, "is a socket, which a tree can't hold");
      default:
        refuse(entry.path, "is a device, which a tree can't hold");
    }
  }

  void visit_directory(const WalkEntry& entry) {
    const auto mode = declared(entry.path).value_or(0755);
    canonicalise(entry.descriptor, disk_mode(TreeEntryType::directory, mode), entry.path);
    add(entry, TreeEntryType::directory, {}, nullptr);
  }

  void visit_symlink(const WalkEntry& entry) {
    // No xattrs to drop: a symlink can't have user.* ones (xattr(7)).
    const auto& status = entry.status;
    if ((status.st_uid != ::geteuid() || status.st_gid != ::getegid()) &&
        ::fchownat(
            entry.parent, entry.name.c_str(), ::geteuid(), ::getegid(), AT_SYMLINK_NOFOLLOW) != 0)
      throw system_error(cat("cannot take the ownership of '", printable(entry.path), "'"), errno);
    if (!has_tree_time(status))
      set_link_time(entry.parent, entry.name, entry.path);
    add(entry, TreeEntryType::symlink, read_link(entry), nullptr);
  }

  void visit_file(const WalkEntry& entry) {
    const auto& status = entry.status;
    Inode** known = status.st_nlink > 1 ? &linked_[{status.st_dev, status.st_ino}] : nullptr;
    if (known != nullptr && *known != nullptr) {
      declare(**known, entry.path);
      add(entry, TreeEntryType::file, {}, *known);
      return;
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > policy_.max_bytes - bytes_)
      throw Error(Kind::input,
                  cat("with '",
                      printable(entry.path),
                      "' (",
                      human_size(size),
                      ") the tree holds more than ",
                      human_size(policy_.max_bytes)));
    bytes_ += size;
    auto fd = open_found(entry.parent, entry.name, status, true);
    auto& inode = inodes_.emplace_back();
    if (known != nullptr)
      *known = &inode;
    inode.raw_mode = status.st_mode & 07777U;
    inode.size = size;
    declare(inode, entry.path);
    inode.applied = disk_mode(TreeEntryType::file, mode_of(inode));
    add(entry, TreeEntryType::file, {}, &inode);
    if (!pool_.submit({std::move(fd), entry.path, inode.applied, &inode}))
      pool_.finish();  // throws
  }

  void hash(HashTask& task) const {
    task.inode->content = hash_file(task.fd.get(), task.inode->size, task.path, cancel_);
    canonicalise(task.fd.get(), task.mode, task.path);
  }

  void add(const WalkEntry& entry, TreeEntryType type, std::string target, Inode* inode) {
    auto path = RelativePath::parse(entry.path);
    if (!path)
      throw Error(Kind::internal, cat("'", printable(entry.path), "' is no relative path"));
    found_.push_back(
        {std::move(*path), type, entry.status.st_mode & 07777U, std::move(target), inode});
  }

  [[nodiscard]] std::optional<std::uint32_t> declared(const std::string& path) const {
    const auto at = policy_.modes.find(path);
    return at == policy_.modes.end() ? std::nullopt : std::optional(at->second);
  }

  void declare(Inode& inode, const std::string& path) const {
    const auto mode = declared(path);
    if (!mode)
      return;
    if (inode.declared && *inode.declared != *mode)
      refuse(path, "is linked to a file for which another mode is declared");
    inode.declared = mode;
  }

  static std::uint32_t mode_of(const Inode& inode) {
    return inode.declared.value_or((inode.raw_mode & 0111U) != 0 ? 0755 : 0644);
  }

  TreeManifest assemble() {
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return a.path < b.path;
    });
    std::map<const Inode*, std::string> first;
    std::vector<TreeEntry> entries;
    entries.reserve(found_.size());
    for (auto& found : found_) {
      const auto raw = found.inode != nullptr ? found.inode->raw_mode : found.raw_mode;
      const bool said = found.inode != nullptr ? found.inode->declared.has_value()
                                               : declared(found.path.str()).has_value();
      if (found.type != TreeEntryType::symlink && !said && (raw & 06000U) != 0)
        throw Error(Kind::input,
                    cat("'",
                        printable(found.path.str()),
                        "' is ",
                        (raw & 04000U) != 0 ? "setuid" : "setgid",
                        ", which the recipe doesn't declare"))
            .hint("remove the bit in a step, or declare the path's mode in the recipe");
      entries.push_back(entry_for(found, first));
    }
    return TreeManifest(std::move(entries));
  }

  TreeEntry entry_for(Found& found, std::map<const Inode*, std::string>& first) {
    if (found.type == TreeEntryType::directory) {
      const auto mode = declared(found.path.str()).value_or(0755);
      return {std::move(found.path), TreeEntryType::directory, mode, 0, {}, {}};
    }
    if (found.type == TreeEntryType::symlink)
      return {std::move(found.path), TreeEntryType::symlink, 0777, 0, {}, std::move(found.target)};
    const auto [link, fresh] = first.try_emplace(found.inode, found.path.str());
    const auto mode = mode_of(*found.inode);
    if (!fresh)
      return {std::move(found.path), TreeEntryType::hardlink, mode, 0, {}, link->second};
    reapply(*found.inode, found.path.str());
    return {std::move(found.path),
            TreeEntryType::file,
            mode,
            found.inode->size,
            found.inode->content,
            {}};
  }

  /// Sets the mode that was declared for a path met after the inode's file had been submitted.
  void reapply(const Inode& inode, const std::string& path) const {
    const auto mode = disk_mode(TreeEntryType::file, mode_of(inode));
    if (mode != inode.applied && ::fchmodat(root_, path.c_str(), mode, 0) != 0)
      throw system_error(cat("cannot set the mode of '", printable(path), "'"), errno);
  }

  const int root_;
  const CapturePolicy& policy_;
  const Cancel& cancel_;
  std::uint64_t bytes_ = 0;
  std::vector<Found> found_;
  std::deque<Inode> inodes_;  // stable addresses
  // On overlayfs files of one directory can be of several devices.
  std::map<std::pair<dev_t, ino_t>, Inode*> linked_;
  WorkPool<HashTask> pool_;  // last: its threads use all of the above
};

}  // namespace

TreeManifest capture(const std::filesystem::path& root,
                     const CapturePolicy& policy,
                     unsigned threads,
                     const Cancel& cancel) {
  struct stat status {};
  if (!status_at(AT_FDCWD, root.string(), status) || !S_ISDIR(status.st_mode))
    throw Error(Kind::input, cat("'", printable(root.string()), "' is not a directory"));
  const auto fd = open_found(AT_FDCWD, root.string(), status, true);
  return Capture(fd.get(), policy, threads, cancel).run();
}

}  // namespace cullet::store
