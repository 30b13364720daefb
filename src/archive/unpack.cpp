// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::archive {

namespace {

constexpr std::size_t kBufferSize = 256U << 10U;

/// Where a path ends: a directory held open, and a name in it that holds no '/'.
struct Place {
  int directory;
  std::string name;
};

std::string quoted(const std::string& path) {
  return "'" + printable(path) + "'";
}

/// What the archive may name but no file system takes is the archive's fault.
Error unpack_error(std::string_view doing, const std::string& path, int error_number) {
  const bool input =
      error_number == ENAMETOOLONG || error_number == EINVAL || error_number == EILSEQ;
  return system_error(
      cat("cannot ", doing, " ", quoted(path)), error_number, input ? Kind::input : Kind::machine);
}

class Unpacker {
 public:
  explicit Unpacker(int root) : root_(root), buffer_(kBufferSize) {}

  void add(const Entry& entry, Source& body) {
    switch (entry.type) {
      case EntryType::directory:
        make_directory(entry);
        return;
      case EntryType::file:
        write_file(entry, body);
        return;
      case EntryType::symlink:
        make_symlink(entry);
        return;
      case EntryType::hardlink:
        make_hardlink(entry);
        return;
    }
  }

 private:
  Place place(const RelativePath& path) {
    const auto parent = path.parent();
    return {parent ? directory(*parent) : root_, std::string(path.name())};
  }

  /// The directory at `path`, created with its parents where absent. Kept open, as the next entry
  /// is mostly beside this one.
  int directory(const RelativePath& path) {
    if (!parent_.valid() || parent_path_ != path.str()) {
      Fd opened = open_or_create(path);
      parent_ = std::move(opened);
      parent_path_ = path.str();
    }
    return parent_.get();
  }

  Fd open_or_create(const RelativePath& path) {
    if (auto found = open_existing(path))
      return std::move(*found);
    const auto parent = path.parent();
    const Fd above = parent ? open_or_create(*parent) : Fd();
    create_directory(above.valid() ? above.get() : root_, std::string(path.name()), path, 0755);
    if (auto made = open_existing(path))
      return std::move(*made);
    throw Error(Kind::machine, cat("directory ", quoted(path.str()), " went away"));
  }

  [[nodiscard]] std::optional<Fd> open_existing(const RelativePath& path) const {
    try {
      return open_beneath(root_, path.str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (const Error& error) {
      // Which of the path's parts is in the way, a symlink or a file, decides what to say.
      if (const auto found = obstacle(path))
        throw Error(
            Kind::input,
            cat("the archive puts something below ", quoted(*found), ", which is no directory"));
      throw;
    }
  }

  /// The first part of `path` that is there and is no directory.
  [[nodiscard]] std::optional<std::string> obstacle(const RelativePath& path) const {
    if (const auto parent = path.parent())
      if (auto found = obstacle(*parent))
        return found;
    struct stat status {};
    if (::fstatat(root_, path.str().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISDIR(status.st_mode))
      return path.str();
    return std::nullopt;
  }

  /// The file type of what is there, or nullopt.
  static std::optional<mode_t> type_at(const Place& at, const RelativePath& path) {
    struct stat status {};
    if (::fstatat(at.directory, at.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
      return status.st_mode & S_IFMT;
    if (errno != ENOENT)
      throw unpack_error("look at", path.str(), errno);
    return std::nullopt;
  }

  /// Removes what is at the place if it is of the type that comes there.
  static void clear(const Place& at, const RelativePath& path, mode_t type) {
    const auto found = type_at(at, path);
    if (!found)
      return;
    if (*found != type)
      throw Error(Kind::input,
                  cat("the archive holds ", quoted(path.str()), " twice, as different types"));
    if (::unlinkat(at.directory, at.name.c_str(), 0) != 0)
      throw unpack_error("replace", path.str(), errno);
  }

  static void create_directory(int parent,
                               const std::string& name,
                               const RelativePath& path,
                               mode_t mode) {
    if (::mkdirat(parent, name.c_str(), 0700) != 0)
      throw unpack_error("create directory", path.str(), errno);
    set_mode(parent, name, path, mode);
  }
  /// Apart from creation, where the umask has its say. Nobody else writes here, so the name still
  /// is the directory just seen.
  static void set_mode(int parent, const std::string& name, const RelativePath& path, mode_t mode) {
    if (::fchmodat(parent, name.c_str(), mode, 0) != 0)
      throw unpack_error("set the mode of", path.str(), errno);
  }

  void make_directory(const Entry& entry) {
    const auto at = place(entry.path);
    const auto mode = static_cast<mode_t>((entry.mode & 0777U) | 0700U);
    const auto found = type_at(at, entry.path);
    if (!found)
      create_directory(at.directory, at.name, entry.path, mode);
    else if (*found == S_IFDIR)
      set_mode(at.directory, at.name, entry.path, mode);
    else
      throw Error(
          Kind::input,
          cat("the archive holds ", quoted(entry.path.str()), " twice, as different types"));
  }

  void write_file(const Entry& entry, Source& body) {
    const auto at = place(entry.path);
    // A new file even where there is one: that one may have other names.
    clear(at, entry.path, S_IFREG);
    const Fd file(::openat(
        at.directory, at.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid())
      throw unpack_error("create", entry.path.str(), errno);
    while (const auto count = body.read(buffer_))
      write_all(file.get(), Bytes(buffer_).first(count), entry.path.str());
    if (::fchmod(file.get(), static_cast<mode_t>((entry.mode & 0777U) | 0600U)) != 0)
      throw unpack_error("set the mode of", entry.path.str(), errno);
  }

  void make_symlink(const Entry& entry) {
    const auto at = place(entry.path);
    clear(at, entry.path, S_IFLNK);
    if (::symlinkat(entry.target.c_str(), at.directory, at.name.c_str()) != 0)
      throw unpack_error("create symbolic link", entry.path.str(), errno);
  }

  void make_hardlink(const Entry& entry) {
    const auto no_file = [&] {
      return Error(Kind::input,
                   cat("the archive links ",
                       quoted(entry.path.str()),
                       " to ",
                       quoted(entry.target),
                       ", which is no file in it"));
    };
    const auto target = RelativePath::parse(entry.target);
    if (!target)
      throw no_file();
    // Its own descriptor: place() of the entry may close the one kept.
    const auto parent = target->parent();
    const auto above = parent ? open_existing(*parent)
                              : std::optional(open_at(root_, ".", O_RDONLY | O_DIRECTORY));
    if (!above)
      throw no_file();
    const std::string name(target->name());
    const auto type = type_at({above->get(), name}, *target);
    if (type != S_IFREG)
      throw no_file();
    const auto at = place(entry.path);
    if (*target == entry.path)
      return;
    clear(at, entry.path, S_IFREG);
    if (::linkat(above->get(), name.c_str(), at.directory, at.name.c_str(), 0) != 0)
      throw unpack_error("create hard link", entry.path.str(), errno);
  }

  int root_;
  Fd parent_;
  std::string parent_path_;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::uint64_t unpack(Reader& reader, int root, const Rewrite& rewrite) {
  Unpacker unpacker(root);
  std::uint64_t count = 0;
  while (auto entry = reader.next()) {
    if (rewrite)
      entry = rewrite(std::move(*entry));
    if (!entry)
      continue;
    unpacker.add(*entry, reader.body());
    ++count;
  }
  return count;
}

}  // namespace cullet::archive
