// SPDX-License-Identifier: Apache-2.0
#include "staged_root.hpp"

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

std::string shown(const RelativePath& path) {
  return cat("'/", printable(path.str()), "'");
}

std::optional<Fd> open_existing(int root, const RelativePath& path) {
  try {
    return open_beneath(root, path.str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (Error&) {
    throw Error(Kind::input, cat(shown(path), " is not a directory in the packages"));
  }
}

Fd open_or_create(int root, const RelativePath& path) {
  if (auto found = open_existing(root, path))
    return std::move(*found);
  const auto parent = path.parent();
  const auto above =
      parent ? open_or_create(root, *parent) : open_at(root, ".", O_RDONLY | O_DIRECTORY);
  const std::string name(path.name());
  // The mode is set apart from creation, where the umask has its say.
  if (::mkdirat(above.get(), name.c_str(), 0700) != 0 ||
      ::fchmodat(above.get(), name.c_str(), 0755, 0) != 0)
    throw system_error(cat("cannot create the directory ", shown(path)), errno);
  return open_at(above.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

}  // namespace

Fd StagedRoot::open_parent(const RelativePath& path) const {
  const auto parent = path.parent();
  return parent ? open_or_create(root_, *parent) : open_at(root_, ".", O_RDONLY | O_DIRECTORY);
}

StagedRoot::Type StagedRoot::type(const RelativePath& path) const {
  auto above = std::optional<Fd>(open_at(root_, ".", O_RDONLY | O_DIRECTORY));
  if (const auto parent = path.parent())
    above = open_existing(root_, *parent);
  if (!above)
    return Type::none;
  struct stat status {};
  if (::fstatat(above->get(), std::string(path.name()).c_str(), &status, AT_SYMLINK_NOFOLLOW) !=
      0) {
    if (errno == ENOENT)
      return Type::none;
    throw system_error(cat("cannot look at ", shown(path)), errno);
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return Type::file;
    case S_IFDIR:
      return Type::directory;
    case S_IFLNK:
      return Type::symlink;
    default:
      return Type::other;
  }
}

void StagedRoot::make_directory(const RelativePath& path) const {
  open_or_create(root_, path);
}

void StagedRoot::make_file(const RelativePath& path, std::string_view text) const {
  const auto parent = open_parent(path);
  const Fd file(::openat(parent.get(),
                         std::string(path.name()).c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         0600));
  if (!file.valid()) {
    if (errno == EEXIST)
      throw Error(Kind::input, cat(shown(path), " is there already"));
    throw system_error(cat("cannot create ", shown(path)), errno);
  }
  write_all(file.get(), as_bytes(text), path.str());
  if (::fchmod(file.get(), 0644) != 0)
    throw system_error(cat("cannot set the mode of ", shown(path)), errno);
}

void StagedRoot::make_symlink(const RelativePath& path, const std::string& target) const {
  const auto parent = open_parent(path);
  if (::symlinkat(target.c_str(), parent.get(), std::string(path.name()).c_str()) == 0)
    return;
  if (errno == EEXIST)
    throw Error(Kind::input, cat(shown(path), " is there already"));
  throw system_error(cat("cannot create the link ", shown(path)), errno);
}

}  // namespace cullet::environment
