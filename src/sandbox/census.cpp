// SPDX-License-Identifier: Apache-2.0
#include "census.hpp"

#include <cctype>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"

namespace cullet::sandbox {

bool Census::open_proc() {
  if (proc_.valid())
    return true;
  // bwrap says the number of its child as it is in bwrap's own pid namespace.
  const auto children = find_file(cat("/proc/", bwrap_, "/task/", bwrap_, "/children"), 4096);
  if (!children)
    throw Error(
        Kind::machine,
        "the processes of a step can't be counted: this kernel has no /proc/PID/task/TID/children")
        .hint("build as another user than root, or with a kernel that has CONFIG_PROC_CHILDREN");
  const auto first = children->substr(0, children->find(' '));
  if (first.empty())
    return false;
  const auto path = cat("/proc/", first, "/root/proc");
  Fd proc(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  // Before bwrap has changed the root, this is a /proc in which this process has a number, too.
  if (!proc.valid() || fstatat(proc.get(), "1", &status, 0) != 0 ||
      fstatat(proc.get(), "self", &status, 0) == 0)
    return false;
  proc_ = std::move(proc);
  return true;
}

bool Census::above(std::uint32_t limit) {
  if (!open_proc())
    return false;
  std::uint64_t threads = 0;
  for (const auto& name : list_directory(proc_.get(), "the sandbox's /proc")) {
    if (std::isdigit(static_cast<unsigned char>(name.front())) == 0)
      continue;
    struct stat status {};
    // A directory has two links more than it has directories in it: here, one for each thread. A
    // process that has ended since is not there.
    if (fstatat(proc_.get(), cat(name, "/task").c_str(), &status, 0) == 0)
      threads += status.st_nlink - 2;
    if (threads > limit)
      return true;
  }
  return false;
}

}  // namespace cullet::sandbox
