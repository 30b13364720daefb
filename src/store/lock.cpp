// SPDX-License-Identifier: Apache-2.0
#include "lock.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"

namespace cullet::store {

bool try_lock(int fd, int operation) {
  while (::flock(fd, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return false;
    if (errno != EINTR)
      throw system_error("cannot lock a file of the store", errno)
          .hint("keep the store on a local file system");
  }
  return true;
}

void wait_lock(int fd, int operation, const Cancel& cancel) {
  std::chrono::milliseconds pause(2);
  while (!try_lock(fd, operation)) {
    cancel.sleep(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(100));
  }
}

Fd open_lock(const std::filesystem::path& path) {
  return open_file(path, O_RDWR | O_CREAT, 0644);
}

bool is_linked_as(int fd, const std::filesystem::path& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace cullet::store
