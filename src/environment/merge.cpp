// SPDX-License-Identifier: Apache-2.0
#include "merge.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10U;

std::string link_text(int directory, const std::string& name) {
  std::array<char, PATH_MAX> text{};
  const auto size = ::readlinkat(directory, name.c_str(), text.data(), text.size());
  if (size < 0)
    throw system_error(cat("cannot read the link '", printable(name), "'"), errno);
  return {text.data(), static_cast<std::size_t>(size)};
}

/// Fills the buffer unless the file ends first.
std::size_t read_full(FdSource& source, std::span<std::byte> into) {
  std::size_t count = 0;
  while (count < into.size()) {
    const auto got = source.read(into.subspan(count));
    if (got == 0)
      break;
    count += got;
  }
  return count;
}

class Merger {
 public:
  Merger(const Conflict& conflict, const Cancel& cancel) : conflict_(conflict), cancel_(cancel) {}

  void directory(int from, int to, const std::string& prefix) {
    for (const auto& name : list_directory(from, prefix)) {
      cancel_.check();
      const auto path = prefix.empty() ? name : prefix + "/" + name;
      if (::renameat2(from, name.c_str(), to, name.c_str(), RENAME_NOREPLACE) == 0)
        continue;
      if (errno != EEXIST)
        throw system_error(cat("cannot move '/", printable(path), "'"), errno);
      both(from, to, name, path);
    }
  }

 private:
  static struct stat status(int directory, const std::string& name, const std::string& path) {
    struct stat result {};
    if (::fstatat(directory, name.c_str(), &result, AT_SYMLINK_NOFOLLOW) != 0)
      throw system_error(cat("cannot look at '/", printable(path), "'"), errno);
    return result;
  }

  void both(int from, int to, const std::string& name, const std::string& path) {
    const auto ours = status(from, name, path);
    const auto theirs = status(to, name, path);
    if ((ours.st_mode & S_IFMT) != (theirs.st_mode & S_IFMT)) {
      conflict_(path, "they are of different types");
    } else if (S_ISDIR(ours.st_mode)) {
      constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
      const auto below = open_at(from, name, kFlags);
      const auto target = open_at(to, name, kFlags);
      directory(below.get(), target.get(), path);
    } else if (S_ISLNK(ours.st_mode)) {
      if (link_text(from, name) != link_text(to, name))
        conflict_(path, "they lead to different places");
    } else if (ours.st_size != theirs.st_size || !same_bytes(from, to, name)) {
      conflict_(path, "their bytes differ");
    } else if (((ours.st_mode ^ theirs.st_mode) & 0111U) != 0) {
      conflict_(path, "one is executable, one is not");
    }
  }

  bool same_bytes(int from, int to, const std::string& name) {
    const auto a = open_at(from, name, O_RDONLY | O_NOFOLLOW);
    const auto b = open_at(to, name, O_RDONLY | O_NOFOLLOW);
    FdSource ours(a.get(), name);
    FdSource theirs(b.get(), name);
    for (;;) {
      const auto count = read_full(ours, one_);
      if (count != read_full(theirs, two_) || std::memcmp(one_.data(), two_.data(), count) != 0)
        return false;
      if (count < one_.size())
        return true;
    }
  }

  const Conflict& conflict_;
  const Cancel& cancel_;
  std::vector<std::byte> one_ = std::vector<std::byte>(kBuffer);
  std::vector<std::byte> two_ = std::vector<std::byte>(kBuffer);
};

}  // namespace

void merge_directory(int from, int to, const Conflict& conflict, const Cancel& cancel) {
  Merger(conflict, cancel).directory(from, to, "");
}

}  // namespace cullet::environment
