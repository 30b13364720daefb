// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "c_path.hpp"

namespace cullet {

namespace {

/// Ancestors whose descriptors stay open. Deeper ones are reopened through "..", so that a tree of
/// any depth needs few descriptors; trees of ordinary depth never do that.
constexpr std::size_t kOpenLevels = 32;
/// How often a directory that somebody keeps filling is emptied.
constexpr int kAttempts = 5;

/// Walks without recursion and never by path: a path may be longer than the kernel takes, and one
/// of its directories may be swapped for a symlink meanwhile.
class Remover {
 public:
  explicit Remover(const std::filesystem::path& path) : root_(path) {}

  void run(int parent, const std::string& name) {
    remove(parent, name);
    while (!levels_.empty()) {
      if (!levels_.back().names.empty()) {
        const auto next = std::move(levels_.back().names.back());
        levels_.back().names.pop_back();
        remove(levels_.back().fd.get(), next);
      } else {
        leave(parent);
      }
    }
  }

 private:
  struct Level {
    std::string name;
    Fd fd;
    dev_t device = 0;
    ino_t inode = 0;
    std::vector<std::string> names;  ///< still to be removed
    int attempts = 0;
  };

  [[noreturn]] void fail(std::string_view what, const std::string& name, int error_number) const {
    auto path = root_;
    for (std::size_t i = 1; i < levels_.size(); ++i)
      path /= levels_[i].name;
    if (!levels_.empty())
      path /= name;
    throw system_error(cat("cannot ", what, " ", path.native()), error_number);
  }

  /// Removes what is not a directory; steps down into what is.
  void remove(int parent, const std::string& name) {
    if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT)
      return;
    if (errno != EISDIR)
      fail("remove", name, errno);
    enter(parent, name);
  }

  void enter(int parent, const std::string& name) {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    Level level;
    level.name = name;
    level.fd = Fd(::openat(parent, name.c_str(), kFlags));
    if (!level.fd.valid() && errno == EACCES) {
      if (::fchmodat(parent, name.c_str(), S_IRWXU, AT_SYMLINK_NOFOLLOW) != 0)
        fail("get access to", name, errno);
      level.fd = Fd(::openat(parent, name.c_str(), kFlags));
    }
    if (!level.fd.valid()) {
      // Somebody else removed or replaced it since unlinkat(2) saw a directory.
      if (errno == ENOENT)
        return;
      fail("open", name, errno);
    }
    struct stat status {};
    if (::fstat(level.fd.get(), &status) != 0)
      fail("open", name, errno);
    if ((status.st_mode & S_IRWXU) != S_IRWXU && ::fchmod(level.fd.get(), S_IRWXU) != 0)
      fail("get access to", name, errno);
    level.device = status.st_dev;
    level.inode = status.st_ino;
    level.names = list_directory(level.fd.get(), name);
    levels_.push_back(std::move(level));
    if (levels_.size() > kOpenLevels)
      levels_[levels_.size() - 1 - kOpenLevels].fd = Fd();
  }

  /// Removes the innermost directory, which is empty now, and steps up.
  void leave(int top) {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty() && !levels_.back().fd.valid())
      reopen(levels_.back(), level);
    const int parent = levels_.empty() ? top : levels_.back().fd.get();
    if (::unlinkat(parent, level.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT)
      return;
    if ((errno != ENOTEMPTY && errno != EEXIST) || ++level.attempts == kAttempts)
      fail("remove", level.name, errno);
    level.names = list_directory(level.fd.get(), level.name);
    levels_.push_back(std::move(level));
  }

  /// Opens the parent again and makes sure that it is the one that we came from: if the directory
  /// was moved meanwhile, ".." is a place where nothing must be removed.
  void reopen(Level& parent, const Level& child) const {
    parent.fd = Fd(::openat(child.fd.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!parent.fd.valid() || ::fstat(parent.fd.get(), &status) != 0)
      fail("open the parent of", child.name, errno);
    if (status.st_dev != parent.device || status.st_ino != parent.inode)
      fail("find the way back from", child.name, ESTALE);
  }

  std::filesystem::path root_;
  std::vector<Level> levels_;
};

}  // namespace

void remove_tree(const std::filesystem::path& path) {
  std::string text = c_path(path.native());
  while (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  const std::filesystem::path target(text);
  const auto name = target.filename().native();
  if (name.empty() || name == "." || name == "..")
    throw Error(Kind::internal, cat("refusing to remove '", path.native(), "'"));
  const auto parent = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  const Fd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    if (errno == ENOENT || errno == ENOTDIR)
      return;
    throw system_error(cat("cannot open ", parent.native()), errno);
  }
  Remover(target).run(directory.get(), name);
}

}  // namespace cullet
