// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cullet/base/stream.hpp"

namespace cullet {

/// Owns a file descriptor. Every descriptor of the project is opened with O_CLOEXEC.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  /// Gives the descriptor up without closing it.
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC and EINTR handled; throws Kind::machine (Kind::input for ENOENT).
Fd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);
/// openat(2) likewise; `name` is used in the error text.
Fd open_at(int directory, const std::string& name, int flags, unsigned mode = 0644);
/// Opens `path` relative to `root`, staying inside it whatever symlinks say: `..`, absolute
/// targets and magic links out are errors of Kind::refused (openat2(2), RESOLVE_BENEATH). With
/// `follow` false no symlink at all is followed. nullopt when there is no such file (or a component
/// is not a directory; with O_DIRECTORY that throws). Relative symlinks that stay inside are fine
/// with `follow`. O_CREAT creates with mode 0644 less the umask.
std::optional<Fd> open_beneath(int root, const std::string& path, int flags, bool follow = false);
Fd open_directory(const std::filesystem::path& path);

/// Whether something has that name: a dangling symlink has, unless `follow`. Throws Kind::machine
/// where that can't be told, as below a directory that may not be entered.
bool is_there(const std::filesystem::path& path, bool follow = false);

/// Writes all bytes; throws Kind::machine.
void write_all(int fd, Bytes bytes, std::string_view name);
/// Reads a whole file; throws Kind::input if it is absent or larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit);
/// Likewise; nullopt if it is absent.
std::optional<std::string> find_file(const std::filesystem::path& path, std::uint64_t limit);

/// Reads from a descriptor that outlives it; `name` is for errors.
class FdSource final : public Source {
 public:
  FdSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  std::size_t read(std::span<std::byte> into) override;

 private:
  int fd_;
  std::string name_;
};

class FdSink final : public Sink {
 public:
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  void write(Bytes bytes) override { write_all(fd_, bytes, name_); }

 private:
  int fd_;
  std::string name_;
};

/// Whether durable writes reach the disk before the function returns.
enum class Durability {
  synced,    ///< fsync(2) of the file and of its directory
  buffered,  ///< left to the kernel; for what can be made again
};

/// Replaces `path` by `bytes` atomically: temporary file beside it, sync, rename. On failure the
/// old content stands and the temporary file is gone; only when syncing the directory fails, the
/// new content is there, but not yet durable. `mode` is exact, whatever the umask. A symlink at
/// `path` is replaced itself. A process that is killed may leave ".tmp-" and 20 hexadecimal digits.
void replace_file(const std::filesystem::path& path,
                  std::string_view bytes,
                  unsigned mode = 0644,
                  Durability durability = Durability::synced);

/// fsync(2) of a directory, so that renames in it are durable.
void sync_directory(const std::filesystem::path& path);

/// Names in a directory, sorted bytewise, without "." and "..".
std::vector<std::string> list_directory(int directory, std::string_view name);

/// Creates the directory and its parents with mode 0755 (whatever the umask) where absent. What
/// exists keeps its mode.
void make_directories(const std::filesystem::path& path);

/// Removes a file or a whole tree of any depth, also where directories have lost their permissions
/// (mode 0000, if they are ours); symlinks in or at `path` are removed, not followed, though those
/// among its parents are. Nothing there is no error.
void remove_tree(const std::filesystem::path& path);

/// A new empty directory in `parent` with mode 0700 and an unpredictable name; removed with all
/// its contents by the destructor unless released. Named "PREFIX-" and 20 hexadecimal digits.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent, std::string_view prefix = "tmp");
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path release() noexcept { return std::exchange(path_, {}); }

 private:
  std::filesystem::path path_;
};

}  // namespace cullet
