// SPDX-License-Identifier: Apache-2.0
#include "walk.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/handle.hpp"
#include "cullet/base/text.hpp"

namespace cullet::store {
namespace {

// Of ancestors; those further up are closed and found again through "..".
constexpr std::size_t kOpenDirectories = 32;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

struct Frame {
  Fd fd;
  dev_t device;
  ino_t inode;
  std::string path;                // empty for the root
  std::vector<std::string> names;  // descending: the next is at the back
};

class Walker {
 public:
  Walker(int root, const WalkRules& rules, const Visit& visit, const Cancel& cancel)
      : rules_(rules), visit_(visit), cancel_(cancel) {
    struct stat status {};
    if (::fstat(root, &status) != 0)
      throw system_error("cannot examine the tree's root", errno);
    enter(open_at(root, ".", O_RDONLY | O_DIRECTORY), status, {});
  }

  void run() {
    while (!frames_.empty()) {
      if (frames_.back().names.empty()) {
        leave();
        continue;
      }
      const auto name = std::move(frames_.back().names.back());
      frames_.back().names.pop_back();
      cancel_.check();
      take(name);
    }
  }

 private:
  void take(const std::string& name) {
    const auto& frame = frames_.back();
    auto path = frame.path.empty() ? name : frame.path + "/" + name;
    struct stat status {};
    if (!status_at(frame.fd.get(), name, status)) {
      if (rules_.lenient)
        return;
      throw Error(Kind::machine, cat("'", printable(path), "' vanished while it was being read"));
    }
    if (!S_ISDIR(status.st_mode)) {
      visit_({frame.fd.get(), name, path, status, -1});
      return;
    }
    if (status.st_dev != frame.device) {
      if (rules_.lenient)
        return;
      throw Error(Kind::input, cat("'", printable(path), "' is on another file system"))
          .hint("unmount it, or keep it out of the tree");
    }
    Fd fd;
    try {
      fd = open_found(frame.fd.get(), name, status, rules_.repair);
    } catch (const Error&) {
      if (rules_.lenient)
        return;
      throw;
    }
    visit_({frame.fd.get(), name, path, status, fd.get()});
    enter(std::move(fd), status, std::move(path));
  }

  void enter(Fd fd, const struct stat& status, std::string path) {
    Frame frame{std::move(fd), status.st_dev, status.st_ino, std::move(path), {}};
    frame.names = read_names(frame);
    frames_.push_back(std::move(frame));
    if (frames_.size() - first_open_ > kOpenDirectories)
      frames_[first_open_++].fd = Fd();
  }

  void leave() {
    auto done = std::move(frames_.back());
    frames_.pop_back();
    if (frames_.empty() || frames_.back().fd.valid())
      return;
    auto& parent = frames_.back();
    parent.fd = open_at(done.fd.get(), "..", O_RDONLY | O_DIRECTORY);
    first_open_ = frames_.size() - 1;
    struct stat status {};
    if (::fstat(parent.fd.get(), &status) != 0 || status.st_dev != parent.device ||
        status.st_ino != parent.inode)
      throw Error(Kind::machine,
                  cat("'", printable(done.path), "' was moved while it was being read"));
  }

  std::vector<std::string> read_names(const Frame& frame) {
    // A descriptor of its own: readdir(3) moves the offset and closedir(3) closes.
    auto fd = open_at(frame.fd.get(), ".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(fd.get()));
    if (!directory)
      throw system_error(cat("cannot list '", printable(frame.path), "'"), errno);
    (void)fd.release();
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const auto* entry = ::readdir(directory.get());  // NOLINT(concurrency-mt-unsafe): own stream
      if (entry == nullptr) {
        if (errno != 0 && !(errno == ENOENT && rules_.lenient))
          throw system_error(cat("cannot list '", printable(frame.path), "'"), errno);
        break;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..")
        continue;
      if (++entries_ > rules_.max_entries)
        throw Error(Kind::input,
                    cat("'",
                        printable(frame.path.empty() ? "." : frame.path),
                        "': the tree holds more than ",
                        rules_.max_entries,
                        " files and directories"));
      names.emplace_back(name);
    }
    std::sort(names.begin(), names.end(), std::greater<>());
    return names;
  }

  const WalkRules& rules_;
  const Visit& visit_;
  const Cancel& cancel_;
  std::uint64_t entries_ = 0;
  std::vector<Frame> frames_;
  std::size_t first_open_ = 0;  // frames before this one have no descriptor
};

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
         (a.st_mode & S_IFMT) == (b.st_mode & S_IFMT);
}

}  // namespace

void walk(int root, const WalkRules& rules, const Visit& visit, const Cancel& cancel) {
  Walker(root, rules, visit, cancel).run();
}

bool status_at(int parent, const std::string& name, struct stat& status) {
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  if (errno == ENOENT)
    return false;
  throw system_error(cat("cannot examine '", printable(name), "'"), errno);
}

Fd open_found(int parent, const std::string& name, const struct stat& status, bool repair) {
  const bool directory = S_ISDIR(status.st_mode);
  const mode_t need = directory ? 0700 : 0400;
  if (repair && (status.st_mode & need) != need) {
    // With AT_SYMLINK_NOFOLLOW glibc does this through an O_PATH descriptor.
    const mode_t mode = (status.st_mode & 0777) | need;
    if (::fchmodat(parent, name.c_str(), mode, AT_SYMLINK_NOFOLLOW) != 0)
      throw system_error(cat("cannot make '", printable(name), "' readable"), errno);
  }
  auto fd = open_at(
      parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (directory ? O_DIRECTORY : 0));
  struct stat now {};
  if (::fstat(fd.get(), &now) != 0)
    throw system_error(cat("cannot examine '", printable(name), "'"), errno);
  if (!same_file(now, status))
    throw Error(Kind::machine, cat("'", printable(name), "' changed while it was being read"));
  return fd;
}

std::string read_link(const WalkEntry& entry) {
  std::string target(static_cast<std::size_t>(std::max<off_t>(entry.status.st_size, 0)) + 1, '\0');
  for (;;) {
    const auto size = ::readlinkat(entry.parent, entry.name.c_str(), target.data(), target.size());
    if (size < 0)
      throw system_error(cat("cannot read '", printable(entry.path), "'"), errno);
    if (static_cast<std::size_t>(size) < target.size()) {
      target.resize(static_cast<std::size_t>(size));
      return target;
    }
    target.resize(target.size() * 2);  // some file systems state no size
  }
}

}  // namespace cullet::store
