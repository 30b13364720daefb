// SPDX-License-Identifier: Apache-2.0
#include "entry.hpp"

#include <limits>

#include <sys/stat.h>

#include "cullet/base/text.hpp"

namespace cullet::archive {

namespace {

class EntryReader {
 public:
  EntryReader(::archive_entry* from, const std::string& name, Format format, const Limits& limits)
      : from_(from), name_(name), format_(format), limits_(limits) {}

  std::optional<Entry> read() {
    const char* const pathname = archive_entry_pathname(from_);
    path_ = pathname != nullptr ? pathname : "";
    if (path_.empty())
      throw Error(Kind::input, cat(name_, " holds an entry without a name"));
    auto path = relative(path_, "leads out of the archive's root");
    if (!path) {
      if (archive_entry_filetype(from_) != AE_IFDIR || archive_entry_hardlink(from_) != nullptr)
        refuse("names the root and is no directory");
      return std::nullopt;
    }
    Entry entry{.path = std::move(*path), .target = {}, .xattrs = {}};
    set_type(entry);
    set_numbers(entry);
    set_xattrs(entry);
    return entry;
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(Kind::input, cat(name_, ": entry '", printable(path_), "' ", why));
  }

  /// nullopt for the root itself.
  std::optional<RelativePath> relative(std::string_view text, std::string_view otherwise) const {
    if (text.size() > limits_.path_length)
      refuse(cat("has a path longer than ", limits_.path_length, " bytes"));
    auto path = RelativePath::parse(text);
    if (path)
      return path;
    for (const auto& part : split(text, '/'))
      if (text.starts_with('/') || (!part.empty() && part != "."))
        refuse(otherwise);
    return std::nullopt;
  }

  void set_type(Entry& entry) const {
    if (const char* const hardlink = archive_entry_hardlink(from_)) {
      const auto target = relative(hardlink, "is a hard link out of the archive's root");
      if (!target)
        refuse("is a hard link to the root");
      entry.type = EntryType::hardlink;
      entry.target = target->str();
      return;
    }
    switch (archive_entry_filetype(from_)) {
      case AE_IFREG:
        entry.type = EntryType::file;
        return;
      case AE_IFDIR:
        entry.type = EntryType::directory;
        return;
      case AE_IFLNK:
        entry.type = EntryType::symlink;
        set_symlink(entry);
        return;
      case AE_IFCHR:
      case AE_IFBLK:
        refuse("is a device");
      case AE_IFIFO:
        refuse("is a fifo");
      case AE_IFSOCK:
        refuse("is a socket");
      default:
        refuse("is of a type that cullet does not know");
    }
  }

  void set_symlink(Entry& entry) const {
    const char* const target = archive_entry_symlink(from_);
    if (target == nullptr || *target == '\0')
      refuse("is a symbolic link without a target");
    entry.target = target;
    if (entry.target.size() > limits_.path_length)
      refuse(cat("has a target longer than ", limits_.path_length, " bytes"));
  }

  std::uint32_t id(la_int64_t value) const {
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max())
      refuse(cat("has an owner that is no user or group id: ", value));
    return static_cast<std::uint32_t>(value);
  }

  void set_numbers(Entry& entry) const {
    entry.mode = archive_entry_perm(from_) & 07777U;
    // Zips from systems without modes say 0.
    if (format_ == Format::tar_or_zip && entry.mode == 0)
      entry.mode = entry.type == EntryType::directory ? 0755 : 0644;
    entry.uid = id(archive_entry_uid(from_));
    entry.gid = id(archive_entry_gid(from_));
    if (entry.type != EntryType::file)
      return;
    const auto size = archive_entry_size(from_);
    if (archive_entry_size_is_set(from_) == 0 || size < 0)
      refuse("has no valid size");
    entry.size = static_cast<std::uint64_t>(size);
  }

  void set_xattrs(Entry& entry) const {
    archive_entry_xattr_reset(from_);
    const char* key = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(from_, &key, &value, &size) == ARCHIVE_OK)
      entry.xattrs.insert_or_assign(key, std::string(static_cast<const char*>(value), size));
  }

  ::archive_entry* from_;
  const std::string& name_;
  Format format_;
  const Limits& limits_;
  std::string path_;
};

}  // namespace

std::optional<Entry> read_entry(::archive_entry* from,
                                const std::string& name,
                                Format format,
                                const Limits& limits) {
  return EntryReader(from, name, format, limits).read();
}

}  // namespace cullet::archive
