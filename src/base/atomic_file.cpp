// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "unique_name.hpp"

namespace cullet {

namespace {

/// Some network and FUSE filesystems can't sync a directory and say EINVAL; there, rename alone has
/// to do.
void sync_directory(int directory, std::string_view name) {
  if (::fsync(directory) != 0 && errno != EINVAL)
    throw system_error(cat("cannot sync directory ", name), errno);
}

/// A file that goes away unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(int directory)
      : directory_(directory),
        name_(unique_name(".tmp")),
        fd_(open_at(directory, name_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile(TemporaryFile&&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!renamed_)
      ::unlinkat(directory_, name_.c_str(), 0);
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  void rename_to(const std::string& name) {
    // A network filesystem may report the full disk only now.
    if (::close(fd_.release()) != 0 && errno != EINTR)
      throw system_error(cat("cannot write ", name), errno);
    if (::renameat(directory_, name_.c_str(), directory_, name.c_str()) != 0)
      throw system_error(cat("cannot replace ", name), errno);
    renamed_ = true;
  }

 private:
  int directory_;
  std::string name_;
  Fd fd_;
  bool renamed_ = false;
};

}  // namespace

void replace_file(const std::filesystem::path& path,
                  std::string_view bytes,
                  unsigned mode,
                  Durability durability) {
  const auto name = path.filename().native();
  if (name.empty() || name == "." || name == ".." || name.find('\0') != name.npos)
    throw Error(Kind::input, cat("'", path.native(), "' does not name a file"));
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  with_context([&] { return cat("writing ", path.native()); },
               [&] {
                 // Held open, so that every step is about the same directory whatever gets renamed
                 // meanwhile.
                 const auto directory = open_directory(parent);
                 TemporaryFile file(directory.get());
                 write_all(file.fd(), as_bytes(bytes), path.native());
                 if (::fchmod(file.fd(), mode) != 0)
                   throw system_error(cat("cannot set the mode of ", path.native()), errno);
                 if (durability == Durability::synced && ::fsync(file.fd()) != 0)
                   throw system_error(cat("cannot sync ", path.native()), errno);
                 file.rename_to(name);
                 if (durability == Durability::synced)
                   sync_directory(directory.get(), parent.native());
               });
}

void sync_directory(const std::filesystem::path& path) {
  sync_directory(open_directory(path).get(), path.native());
}

}  // namespace cullet
