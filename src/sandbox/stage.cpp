// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cullet/base/error.hpp"

namespace cullet::sandbox {

namespace {

constexpr unsigned long kMountFlags = MS_NOSUID | MS_NODEV;
constexpr const char* kDevices = "/dev";

/// Mount options, put together without allocating. The kernel takes one page.
class Options {
 public:
  Options& text(const char* part) noexcept {
    const auto length = std::strlen(part);
    if (size_ + length >= data_.size()) {
      full_ = true;
      return *this;
    }
    std::memcpy(data_.data() + size_, part, length);
    size_ += length;
    data_[size_] = '\0';
    return *this;
  }
  /// A directory by its descriptor: short, and free of the ':' and ',' that options are split at.
  Options& directory(int fd) noexcept {
    std::array<char, 12> digits{};
    auto at = digits.size() - 1;
    auto rest = static_cast<unsigned>(fd);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    return text("/proc/self/fd/").text(digits.data() + at);
  }
  [[nodiscard]] const char* c_str() const noexcept { return data_.data(); }
  [[nodiscard]] bool full() const noexcept { return full_; }

 private:
  std::array<char, 4096> data_{};
  std::size_t size_ = 0;
  bool full_ = false;
};

int open_path(const std::string& path) noexcept {
  return open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int limit(int resource, rlim_t value) noexcept {
  rlimit now{};
  // A limit can only go down for a user without privileges.
  if (getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0)
    return errno;
  const rlimit wanted{std::min(value, now.rlim_max), std::min(value, now.rlim_max)};
  return setrlimit(static_cast<__rlimit_resource>(resource), &wanted) == 0 ? 0 : errno;
}

}  // namespace

std::string Stage::path(std::size_t mount) {
  return cat(kRoot, "/", mount);
}

Stage::Stage(const std::vector<Mount>& mounts, const Limits& limits) : limits_(limits) {
  for (const auto& mount : mounts) {
    Piece piece;
    piece.at = path(pieces_.size());
    if (mount.lower.empty()) {
      piece.bound = mount.upper.string();
    } else if (mount.upper.empty() && mount.lower.size() == 1) {
      // overlayfs wants two trees when nothing may be written: one alone is bound.
      piece.bound = mount.lower.front().string();
    } else {
      for (const auto& tree : mount.lower)
        piece.lower.push_back(tree.string());
      if (!mount.upper.empty()) {
        piece.upper = (mount.upper / "upper").string();
        piece.work = (mount.upper / "work").string();
        make_directories(piece.upper);
        make_directories(piece.work);
      }
    }
    fds_.emplace_back(std::max<std::size_t>(1, piece.lower.size() + 2), -1);
    pieces_.push_back(std::move(piece));
  }
}

int Stage::fail(Part part, std::size_t mount, int error) noexcept {
  const Failure failure{part, static_cast<unsigned>(mount), error};
  if (write(report_.write.get(), &failure, sizeof failure) < 0)
    return error;
  return error;
}

Stage::Failure Stage::failed_at() const {
  Failure failure;
  fcntl(report_.read.get(), F_SETFL, O_NONBLOCK);
  return read(report_.read.get(), &failure, sizeof failure) == sizeof failure ? failure : Failure{};
}

int Stage::mount_overlay(const Piece& piece, std::size_t index) noexcept {
  const auto& fds = fds_[index];
  Options options;
  options.text("userxattr,lowerdir=");
  for (std::size_t tree = 0; tree < piece.lower.size(); ++tree) {
    if (tree > 0)
      options.text(":");
    options.directory(fds[tree]);
  }
  if (!piece.upper.empty()) {
    options.text(",upperdir=").directory(fds[piece.lower.size()]);
    options.text(",workdir=").directory(fds[piece.lower.size() + 1]);
  }
  if (options.full())
    return E2BIG;
  return mount("overlay", piece.at.c_str(), "overlay", kMountFlags, options.c_str()) == 0 ? 0
                                                                                          : errno;
}

int Stage::protect_devices() noexcept {
  // bwrap shows the machine's own device nodes. In a run by the machine's root user they belong to
  // the step, which could change their modes; a device can be written through a read-only mount.
  if (mount(kDevices, kDevices, nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return errno;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return syscall(
             SYS_mount_setattr, AT_FDCWD, kDevices, AT_RECURSIVE, &attributes, sizeof attributes) ==
                 0
             ? 0
             : errno;
}

int Stage::set_limits() noexcept {
  // Set inside the namespace, so that the kernel counts the sandbox's processes alone (Linux 5.14).
  if (const int error = limit(RLIMIT_NPROC, limits_.processes))
    return error;
  if (const int error = limit(RLIMIT_FSIZE, limits_.file_bytes))
    return error;
  if (limits_.memory != 0)
    if (const int error = limit(RLIMIT_AS, limits_.memory))
      return error;
  return limit(RLIMIT_CORE, 0);
}

int Stage::prepare() noexcept {
  if (const int error = ids_.apply())
    return fail(Part::id_map, 0, error);
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return fail(Part::private_mounts, 0, errno);
  // Opened now: after this the stage's tmpfs may hide them, and before it they belonged to another
  // mount namespace, from which overlayfs takes no tree.
  for (std::size_t index = 0; index < pieces_.size(); ++index) {
    const auto& piece = pieces_[index];
    auto& fds = fds_[index];
    for (std::size_t tree = 0; tree < piece.lower.size(); ++tree)
      if ((fds[tree] = open_path(piece.lower[tree])) < 0)
        return fail(Part::tree, index, errno);
    if (!piece.upper.empty()) {
      if ((fds[piece.lower.size()] = open_path(piece.upper)) < 0 ||
          (fds[piece.lower.size() + 1] = open_path(piece.work)) < 0)
        return fail(Part::tree, index, errno);
    }
    if (!piece.bound.empty() && (fds[0] = open_path(piece.bound)) < 0)
      return fail(Part::tree, index, errno);
  }
  // Behind the trees: one may lie in /dev/shm.
  if (const int error = protect_devices())
    return fail(Part::devices, 0, error);
  if (mount("stage", kRoot, "tmpfs", kMountFlags, "size=1m,mode=755") != 0)
    return fail(Part::room, 0, errno);
  for (std::size_t index = 0; index < pieces_.size(); ++index) {
    const auto& piece = pieces_[index];
    if (mkdir(piece.at.c_str(), 0755) != 0)
      return fail(Part::room, index, errno);
    if (piece.bound.empty()) {
      if (const int error = mount_overlay(piece, index))
        return fail(Part::overlay, index, error);
      continue;
    }
    Options from;
    from.directory(fds_[index][0]);
    // With what is mounted below it: a part of a mount alone may not be shown (user_namespaces(7)).
    if (mount(from.c_str(), piece.at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
      return fail(Part::bind, index, errno);
  }
  if (const int error = set_limits())
    return fail(Part::limits, 0, error);
  return 0;
}

}  // namespace cullet::sandbox
