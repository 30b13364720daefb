// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cullet/base/error.hpp"

#include "c_path.hpp"

namespace cullet {

namespace {

std::string cannot_open(std::string_view name, int flags) {
  return cat((flags & O_CREAT) != 0 ? "cannot create " : "cannot open ", name);
}

/// Not valid, with errno, when it can't be opened.
Fd try_open(int directory, const char* name, int flags, unsigned mode) {
  int fd = -1;
  do
    fd = ::openat(directory, name, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return Fd(fd);
}

/// What errno says of a failed open.
Error open_error(std::string_view shown, int flags) {
  const int error_number = errno;
  return system_error(cannot_open(shown, flags),
                      error_number,
                      error_number == ENOENT ? Kind::input : Kind::machine);
}

Fd open_named(int directory, const char* name, std::string_view shown, int flags, unsigned mode) {
  auto fd = try_open(directory, name, flags, mode);
  if (!fd.valid())
    throw open_error(shown, flags);
  return fd;
}

/// Whether to try again after errno. A descriptor may be non-blocking without our doing: a terminal
/// or a pipe shares that with every process that has it.
bool retry(int fd, short event) {
  if (errno != EAGAIN)
    return errno == EINTR;
  pollfd waiting{fd, event, 0};
  return ::poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

int openat2(int root, const char* path, const open_how& how) {
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

Error beneath_error(const std::string& path, int flags, int error_number) {
  if (error_number == EXDEV)
    return Error(Kind::refused, cat("'", path, "' leads out of its root"));
  if (error_number == ELOOP)
    return Error(Kind::refused, cat("'", path, "' goes through a symbolic link"));
  auto error = system_error(cannot_open("'" + path + "'", flags), error_number);
  if (error_number == ENOSYS || error_number == EPERM)
    error.hint("cullet needs openat2(2): Linux 5.6 or later, and no seccomp filter against it");
  return error;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    const Fd old(std::exchange(fd_, std::exchange(other.fd_, -1)));
  }
  return *this;
}

Fd::~Fd() {
  // Not repeated on EINTR: Linux has closed the descriptor by then.
  if (fd_ >= 0)
    ::close(fd_);
}

Fd open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  return open_named(AT_FDCWD, c_path(path.native()), path.native(), flags, mode);
}

Fd open_at(int directory, const std::string& name, int flags, unsigned mode) {
  return open_named(directory, c_path(name), name, flags, mode);
}

std::optional<Fd> open_beneath(int root, const std::string& path, int flags, bool follow) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? 0644 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (!follow)
    how.resolve |= RESOLVE_NO_SYMLINKS;
  const char* const name = c_path(path);
  // EAGAIN: something was renamed while the kernel looked at a "..", so it can't say whether the
  // path stayed inside. Whoever renames in a loop must not hold us for ever.
  constexpr int kAttempts = 100;
  for (int attempt = 0;;) {
    const int fd = openat2(root, name, how);
    if (fd >= 0)
      return Fd(fd);
    if (errno == EINTR || (errno == EAGAIN && ++attempt < kAttempts))
      continue;
    if (errno == ENOENT || (errno == ENOTDIR && (flags & O_DIRECTORY) == 0))
      return std::nullopt;
    throw beneath_error(path, flags, errno);
  }
}

Fd open_directory(const std::filesystem::path& path) {
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

bool is_there(const std::filesystem::path& path, bool follow) {
  struct stat status {};
  if (::fstatat(AT_FDCWD, c_path(path.native()), &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  if (errno == ENOENT || errno == ENOTDIR)
    return false;
  throw system_error(cat("cannot look at ", path.native()), errno);
}

void write_all(int fd, Bytes bytes, std::string_view name) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count > 0)
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    else if (count == 0)
      throw system_error(cat("cannot write ", name), EIO);
    else if (!retry(fd, POLLOUT))
      throw system_error(cat("cannot write ", name), errno);
  }
}

std::optional<std::string> find_file(const std::filesystem::path& path, std::uint64_t limit) {
  const auto fd = try_open(AT_FDCWD, c_path(path.native()), O_RDONLY, 0);
  if (!fd.valid() && errno == ENOENT)
    return std::nullopt;
  if (!fd.valid())
    throw open_error(path.native(), O_RDONLY);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    throw system_error(cat("cannot read ", path.native()), errno);
  if (S_ISDIR(status.st_mode))
    throw system_error(cat("cannot read ", path.native()), EISDIR, Kind::input);
  FdSource source(fd.get(), path.native());
  return read_all(source, limit, path.native());
}

std::string read_file(const std::filesystem::path& path, std::uint64_t limit) {
  auto text = find_file(path, limit);
  if (!text)
    throw system_error(cannot_open(path.native(), O_RDONLY), ENOENT, Kind::input);
  return std::move(*text);
}

std::size_t FdSource::read(std::span<std::byte> into) {
  for (;;) {
    const auto count = ::read(fd_, into.data(), into.size());
    if (count >= 0)
      return static_cast<std::size_t>(count);
    if (!retry(fd_, POLLIN))
      throw system_error(cat("cannot read ", name_), errno);
  }
}

}  // namespace cullet
