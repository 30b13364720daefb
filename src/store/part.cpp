// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/store.hpp"

#include "canonical.hpp"
#include "state.hpp"

namespace cullet::store {
namespace {

/// The entry that holds a path's bytes: itself, or a hardlink's file.
const TreeEntry* file_of(const TreeManifest& manifest, const TreeEntry* entry) {
  return entry != nullptr && entry->type == TreeEntryType::hardlink ? manifest.find(entry->target)
                                                                    : entry;
}

bool comes_from(const TreeManifest& whole, const TreeManifest& part, const TreeEntry& entry) {
  const auto* ours = file_of(part, &entry);
  const auto* theirs = file_of(whole, whole.find(entry.path.str()));
  if (ours == nullptr || theirs == nullptr)
    return false;
  return ours->type == theirs->type && ours->mode == theirs->mode && ours->size == theirs->size &&
         ours->content == theirs->content && ours->target == theirs->target;
}

[[noreturn]] void fail(std::string_view what, const std::string& path) {
  const int error_number = errno;
  throw system_error(cat("cannot ", what, " '", printable(path), "'"), error_number);
}

/// Fills `to` with files of `from`. All paths are at most kMaxPath long and lead through
/// directories only, which nobody but us writes to.
class PartMaker {
 public:
  PartMaker(int from, int to) : from_(from), to_(to) {}

  void add(const TreeEntry& entry) {
    switch (entry.type) {
      case TreeEntryType::directory:
        // The mode is set at the end: one without u+w would be in the way.
        if (::mkdirat(to_, entry.path.str().c_str(), 0700) != 0)
          fail("create", entry.path.str());
        return;
      case TreeEntryType::symlink:
        if (::symlinkat(entry.target.c_str(), to_, entry.path.str().c_str()) != 0)
          fail("create", entry.path.str());
        return set_link_time(to_, entry.path.str(), entry.path.str());
      case TreeEntryType::hardlink:
        if (::linkat(to_, entry.target.c_str(), to_, entry.path.str().c_str(), 0) != 0)
          fail("link", entry.path.str());
        return;
      case TreeEntryType::file:
        if (::linkat(from_, entry.path.str().c_str(), to_, entry.path.str().c_str(), 0) == 0)
          return;
        // EMLINK: a file has as many links as its file system counts (65,000 on ext4). EPERM: it
        // has no hard links.
        if (errno != EMLINK && errno != EPERM)
          fail("link", entry.path.str());
        return copy_file(entry);
    }
  }

  void finish_directory(const TreeEntry& entry) {
    const auto fd = open_at(to_, entry.path.str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    canonicalise(fd.get(), disk_mode(entry.type, entry.mode), entry.path.str());
  }

 private:
  void copy_file(const TreeEntry& entry) const {
    const auto& path = entry.path.str();
    const auto from = open_at(from_, path, O_RDONLY | O_NOFOLLOW);
    const auto to = open_at(to_, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (::ioctl(to.get(), FICLONE, from.get()) != 0) {
      FdSource source(from.get(), path);
      FdSink sink(to.get(), path);
      if (copy(source, sink) != entry.size)
        throw Error(Kind::machine, cat("'", printable(path), "' of the whole tree is damaged"))
            .hint("run `cullet store check --repair`, then build again");
    }
    canonicalise(to.get(), disk_mode(entry.type, entry.mode), path);
  }

  int from_;
  int to_;
};

}  // namespace

Tree Store::commit_part(const TreeDigest& whole, const TreeManifest& part) {
  const auto all = manifest(whole);
  for (const auto& entry : part.entries())
    if (!comes_from(all, part, entry))
      throw Error(Kind::internal,
                  cat("'", printable(entry.path.str()), "' is no part of tree ", whole));
  if (auto found = find_tree(part.digest()))
    return *found;

  return with_context([&] { return cat("making a part of tree ", whole); },
                      [&] {
                        Staging staging(state_->session, "part");
                        const auto from = open_directory(tree(whole).root);
                        const auto to = open_directory(staging.root());
                        PartMaker maker(from.get(), to.get());
                        for (const auto& entry : part.entries())
                          maker.add(entry);
                        for (auto entry = part.entries().rbegin(); entry != part.entries().rend();
                             ++entry)
                          if (entry->type == TreeEntryType::directory)
                            maker.finish_directory(*entry);
                        canonicalise(to.get(), 0755, ".");
                        return staging.publish(part);
                      });
}

}  // namespace cullet::store
