// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/handle.hpp"

#include "c_path.hpp"
#include "unique_name.hpp"

namespace cullet {

namespace {

// By name: mkdir(2) applies the umask, and changing the umask would change it for all threads.
void set_mode(const std::filesystem::path& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0)
    throw system_error(cat("cannot set the mode of directory ", path.native()), errno);
}

}  // namespace

std::vector<std::string> list_directory(int directory, std::string_view name) {
  // A descriptor of its own, because reading moves the offset that all duplicates share.
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    throw system_error(cat("cannot list directory ", name), errno);
  const Handle<DIR, ::closedir> stream(::fdopendir(fd));
  if (!stream) {
    const Fd closing(fd);
    throw system_error(cat("cannot list directory ", name), errno);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const auto* const entry = ::readdir(stream.get());
    if (entry == nullptr)
      break;
    const std::string_view found = static_cast<const char*>(entry->d_name);
    if (found != "." && found != "..")
      names.emplace_back(found);
  }
  if (errno != 0)
    throw system_error(cat("cannot list directory ", name), errno);
  std::sort(names.begin(), names.end());
  return names;
}

void make_directories(const std::filesystem::path& path) {
  if (::mkdir(c_path(path.native()), 0755) == 0)
    return set_mode(path, 0755);
  const int failed = errno;
  struct stat status {};
  if (failed == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return;
  const auto parent = path.parent_path();
  if (failed != ENOENT || parent.empty() || parent == path)
    throw system_error(cat("cannot create directory ", path.native()), failed);
  make_directories(parent);
  if (::mkdir(path.c_str(), 0755) == 0)
    return set_mode(path, 0755);
  // Another process may have made it since.
  if (errno != EEXIST || ::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    throw system_error(cat("cannot create directory ", path.native()), errno);
}

TemporaryDirectory::TemporaryDirectory(const std::filesystem::path& parent, std::string_view prefix)
    : path_(parent / unique_name(prefix)) {
  if (::mkdir(c_path(path_.native()), 0700) != 0)
    throw system_error(cat("cannot create directory ", path_.native()), errno);
  set_mode(path_, 0700);
}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty())
    return;
  try {
    remove_tree(path_);
  } catch (const std::exception&) {
    // A destructor only discards; what is left over is a temporary name that gc knows.
  }
}

}  // namespace cullet
