// SPDX-License-Identifier: Apache-2.0
#include "disorder.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

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

using Layers = std::vector<int>;  // the first on top

class Layout {
 public:
  explicit Layout(const Cancel& cancel) : cancel_(cancel) {}

  /// Lays what is in `from` out in the layers.
  void fill(int from, const Layers& layers) {
    cancel_.check();
    const auto names = listed(from);
    const auto half = layers.size() > 1 ? names.size() / 2 : 0;
    bool moved = std::any_of(names.begin(),
                             names.begin() + static_cast<std::ptrdiff_t>(half),
                             [](const Name& name) { return !name.directory; });
    for (std::size_t index = 0; index < names.size(); ++index) {
      const auto& name = names[index].text;
      if (names[index].directory) {
        auto in = layers;
        if (index < half && !moved)
          in.pop_back();
        moved = true;
        descend(from, in, name);
      } else if (linkat(from,
                        name.c_str(),
                        index < half ? layers.front() : layers.back(),
                        name.c_str(),
                        0) != 0) {
        throw system_error(cat("cannot link ", name), errno);
      }
    }
    for (const int layer : layers)
      copy_status(from, layer);
  }

 private:
  void descend(int parent, const Layers& layers, const std::string& name) {
    const auto from = open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    std::vector<Fd> made;
    Layers below;
    for (const int layer : layers) {
      if (mkdirat(layer, name.c_str(), 0755) != 0)
        throw system_error(cat("cannot make ", name), errno);
      made.push_back(open_at(layer, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      below.push_back(made.back().get());
    }
    fill(from.get(), below);
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
};

}  // namespace

std::vector<std::filesystem::path> disordered(const std::filesystem::path& tree,
                                              const std::filesystem::path& into,
                                              const Cancel& cancel) {
  return with_context("laying directories out in another order", [&] {
    std::vector<std::filesystem::path> out;
    std::vector<Fd> open;
    Layers layers;
    for (std::size_t layer = 0; layer < kDisorderLayers; ++layer) {
      out.push_back(into / std::to_string(layer));
      make_directories(out.back());
      open.push_back(open_directory(out.back()));
      layers.push_back(open.back().get());
    }
    Layout(cancel).fill(open_directory(tree).get(), layers);
    return out;
  });
}

}  // namespace cullet::build
