// SPDX-License-Identifier: Apache-2.0
#include "disorder.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet::build {

namespace {

struct Name {
  std::string text;
  bool directory = false;
};

/// What is in a directory, in the file system's own order: the one place where that is wanted.
std::vector<Name> listed(int directory) {
  struct Close {
    void operator()(DIR* stream) const { closedir(stream); }
  };
  const std::unique_ptr<DIR, Close> stream(
      fdopendir(open_at(directory, ".", O_RDONLY | O_DIRECTORY).release()));
  if (!stream)
    throw system_error("cannot list a directory", errno);
  std::vector<Name> out;
  for (;;) {
    errno = 0;
    const auto* entry = readdir(stream.get());
    if (entry == nullptr)
      break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..")
      continue;
    struct stat status {};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      throw system_error(cat("cannot examine ", name), errno);
    out.push_back({name, S_ISDIR(status.st_mode)});
  }
  if (errno != 0)
    throw system_error("cannot list a directory", errno);
  return out;
}

/// Directories above that stay open. Those further up are closed and found again through "..", so
/// that a tree of any depth needs few descriptors.
constexpr std::size_t kOpenLevels = 32;

struct Directory {
  Fd fd;
  dev_t device = 0;
  ino_t inode = 0;

  explicit Directory(Fd opened) : fd(std::move(opened)) {
    struct stat status {};
    if (fstat(fd.get(), &status) != 0)
      throw system_error("cannot examine a directory", errno);
    device = status.st_dev;
    inode = status.st_ino;
  }
};

/// A directory of the tree, first, and what is made of it in the layers that have it, the one on
/// top first. Layers are left out from the lowest, so those below it have the same ones or fewer.
using Places = std::vector<Directory>;

struct Level {
  Places places;
  std::vector<Name> names;
  std::size_t next = 0;  ///< of the names
  std::size_t half = 0;  ///< how many of them go on top
  bool moved = false;    ///< whether something is in another layer than in the lowest alone
};

/// Walks without recursion and by descriptors: a path may be longer than the kernel takes.
class Layout {
 public:
  explicit Layout(const Cancel& cancel) : cancel_(cancel) {}

  /// Lays what is in the first of the places out in the others.
  void fill(Places places) {
    enter(std::move(places));
    while (!levels_.empty()) {
      auto& level = levels_.back();
      if (level.next == level.names.size())
        leave();
      else
        take(level, level.next++);
    }
  }

 private:
  void enter(Places places) {
    cancel_.check();
    Level level;
    level.names = listed(places[0].fd.get());
    level.half = places.size() > 2 ? level.names.size() / 2 : 0;
    level.moved = std::any_of(level.names.begin(),
                              level.names.begin() + static_cast<std::ptrdiff_t>(level.half),
                              [](const Name& name) { return !name.directory; });
    level.places = std::move(places);
    levels_.push_back(std::move(level));
    if (levels_.size() > kOpenLevels)
      close(levels_.size() - 1 - kOpenLevels);
  }

  /// Closes what can be found again: what the level below has too.
  void close(std::size_t at) {
    for (std::size_t place = 0; place < levels_[at + 1].places.size(); ++place)
      levels_[at].places[place].fd = Fd();
  }

  void take(Level& level, std::size_t index) {
    const auto& name = level.names[index].text;
    const bool on_top = index < level.half;
    if (level.names[index].directory) {
      const auto places = level.places.size() - (on_top && !level.moved ? 1 : 0);
      level.moved = true;
      enter(made(level.places, places, name));
      return;
    }
    const auto& layer = on_top ? level.places[1] : level.places.back();
    if (linkat(level.places[0].fd.get(), name.c_str(), layer.fd.get(), name.c_str(), 0) != 0)
      throw system_error(cat("cannot link ", name), errno);
  }

  /// The directory `name` of the first `count` places: of the tree, and new ones in the layers.
  static Places made(const Places& above, std::size_t count, const std::string& name) {
    Places below;
    for (std::size_t place = 0; place < count; ++place) {
      const int parent = above[place].fd.get();
      if (place > 0 && mkdirat(parent, name.c_str(), 0755) != 0)
        throw system_error(cat("cannot make ", name), errno);
      below.emplace_back(open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }
    return below;
  }

  void leave() {
    const auto done = std::move(levels_.back().places);
    levels_.pop_back();
    if (!levels_.empty())
      for (std::size_t place = 0; place < done.size(); ++place)
        reopen(levels_.back().places[place], done[place]);
    for (std::size_t layer = 1; layer < done.size(); ++layer)
      copy_status(done[0].fd.get(), done[layer].fd.get());
  }

  static void reopen(Directory& parent, const Directory& child) {
    if (parent.fd.valid())
      return;
    Directory found(open_at(child.fd.get(), "..", O_RDONLY | O_DIRECTORY));
    if (found.device != parent.device || found.inode != parent.inode)
      throw Error(Kind::machine, "a directory was moved while it was laid out");
    parent = std::move(found);
  }

  /// Gives a directory what a step can see of the other, now that nothing more is put into it.
  static void copy_status(int from, int to) {
    struct stat status {};
    if (fstat(from, &status) != 0 || fchmod(to, status.st_mode & 07777U) != 0)
      throw system_error("cannot set the mode of a directory", errno);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (futimens(to, times) != 0)
      throw system_error("cannot set the time of a directory", errno);
  }

  const Cancel& cancel_;
  std::vector<Level> levels_;
};

}  // namespace

std::vector<std::filesystem::path> disordered(const std::filesystem::path& tree,
                                              const std::filesystem::path& into,
                                              const Cancel& cancel) {
  return with_context("laying directories out in another order", [&] {
    std::vector<std::filesystem::path> out;
    Places places;
    places.emplace_back(open_directory(tree));
    for (std::size_t layer = 0; layer < kDisorderLayers; ++layer) {
      out.push_back(into / std::to_string(layer));
      make_directories(out.back());
      places.emplace_back(open_directory(out.back()));
    }
    Layout(cancel).fill(std::move(places));
    return out;
  });
}

}  // namespace cullet::build
