// SPDX-License-Identifier: Apache-2.0
#include "tree_files.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::image {

namespace {

/// Below this, the kernel's own read-ahead has the whole file at once.
constexpr std::uint64_t kAdviseFrom = 256U << 10U;

Error missing(const store::TreeEntry& entry) {
  return Error(Kind::refused,
               cat("'", printable(entry.path.str()), "' is missing from the store's tree"))
      .hint("run `cullet store check --repair`, then build again");
}

}  // namespace

TreeFiles::TreeFiles(const std::filesystem::path& root) : root_(open_directory(root)) {}

Fd TreeFiles::open(const store::TreeEntry& entry) {
  int directory = root_.get();
  if (const auto parent = entry.path.parent()) {
    if (!directory_.valid() || directory_path_ != parent->str()) {
      auto opened = open_beneath(root_.get(), parent->str(), O_RDONLY | O_DIRECTORY);
      if (!opened)
        throw missing(entry);
      directory_ = std::move(*opened);
      directory_path_ = parent->str();
    }
    directory = directory_.get();
  }
  // O_NONBLOCK: a fifo put in the file's place must not hold us.
  auto file = open_beneath(directory, std::string(entry.path.name()), O_RDONLY | O_NONBLOCK);
  if (!file)
    throw missing(entry);
  struct stat status {};
  if (::fstat(file->get(), &status) != 0)
    throw system_error(cat("cannot read '", printable(entry.path.str()), "'"), errno);
  if (!S_ISREG(status.st_mode))
    throw missing(entry);
  if (entry.size >= kAdviseFrom)
    (void)::posix_fadvise(file->get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::move(*file);
}

}  // namespace cullet::image
