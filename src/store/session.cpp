// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "lock.hpp"

namespace cullet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersionPrefix = "cullet-store ";
constexpr std::array<const char*, 9> kDirectories = {
    "actions", "blobs", "failed", "forks", "latest", "locks", "logs", "tmp", "trees"};

/// True for a store of our format, false where there is none yet.
bool check_format(const fs::path& root) {
  const auto file = root / "version";
  if (!is_there(file))
    return false;
  const auto text = read_file(file, 4096);
  std::string_view rest = text;
  std::optional<std::uint64_t> format;
  if (rest.substr(0, kVersionPrefix.size()) == kVersionPrefix && rest.back() == '\n') {
    rest.remove_prefix(kVersionPrefix.size());
    rest.remove_suffix(1);
    format = parse_number(rest);
  }
  if (!format)
    throw Error(Kind::input, cat("'", printable(file.string()), "' is not a store's version file"))
        .hint("choose another directory for the store");
  if (*format != kFormat)
    throw Error(
        Kind::input,
        cat("'",
            printable(root.string()),
            "' is ",
            *format > kFormat ? "a store of a newer format: " : "a store of an older format: ",
            kVersionPrefix,
            *format,
            ", while this cullet reads ",
            kVersionPrefix,
            kFormat))
        .hint(*format > kFormat ? "use a newer cullet, or another directory for the store"
                                : "use another directory for the store");
  return true;
}

/// Something like `--store ~` must not scatter directories among a user's files. A store that
/// nobody finished creating holds nothing but its own names.
void refuse_foreign(const fs::path& root) {
  if (!is_there(root))
    return;
  for (const auto& name : list_directory(open_directory(root).get(), root.string()))
    // "version": somebody finished creating the store since we looked.
    if (name != "version" &&
        std::find(kDirectories.begin(), kDirectories.end(), name) == kDirectories.end())
      throw Error(Kind::input,
                  cat("'",
                      printable(root.string()),
                      "' is neither a store nor empty: it holds '",
                      printable(name),
                      "'"))
          .hint("choose another directory for the store");
}

/// <directory>/ab/abcdef…
fs::path sharded(const fs::path& directory, const Sha256& digest) {
  const auto hex = digest.hex();
  return directory / hex.substr(0, 2) / hex;
}

}  // namespace

Session::Session(fs::path root, const Cancel& cancel) : root_(std::move(root)) {
  if (!check_format(root_))
    refuse_foreign(root_);
  for (const auto* name : kDirectories)
    make_directories(root_ / name);
  store_lock_ = open_lock(locks() / "store");
  wait_lock(store_lock_.get(), LOCK_SH, cancel);
  make_own_directory(cancel);
  // Last, so that a version file stands for a whole store.
  if (!check_format(root_))
    write(root_ / "version", cat(kVersionPrefix, kFormat, "\n"), Durability::synced);
  remove_dead(cancel);
}

void Session::make_own_directory(const Cancel& cancel) {
  // Under this lock, so that nobody takes the new directory for a dead one before it is locked.
  const auto guard = open_lock(locks() / "tmp");
  wait_lock(guard.get(), LOCK_EX, cancel);
  own_.emplace(temporary(), "session-");
  own_lock_ = open_lock(own_->path() / "lock");
  wait_lock(own_lock_.get(), LOCK_EX, cancel);
}

std::vector<fs::path> Session::adopt_dead(const Cancel& cancel) {
  const auto guard = open_lock(locks() / "tmp");
  wait_lock(guard.get(), LOCK_EX, cancel);
  std::vector<fs::path> adopted;
  for (const auto& name : list_directory(open_directory(temporary()).get(), "tmp")) {
    const auto path = temporary() / name;
    if (path == own_->path())
      continue;
    const Fd lock(::open((path / "lock").c_str(), O_RDWR | O_CLOEXEC));
    const bool no_lock = !lock.valid() && (errno == ENOENT || errno == ENOTDIR);
    if (!no_lock && (!lock.valid() || !try_lock(lock.get(), LOCK_EX)))
      continue;  // alive, or another user's
    // Without a lock file its maker, or remover, was killed at that moment. Moving it below our own
    // directory makes it ours alone, so that the slow removal needs no lock.
    auto place = fresh_path("dead");
    if (::rename(path.c_str(), place.c_str()) == 0)
      adopted.push_back(std::move(place));
  }
  return adopted;
}

void Session::remove_dead(const Cancel& cancel) {
  for (const auto& path : adopt_dead(cancel)) {
    cancel.check();
    try {
      remove_tree(path);
    } catch (const Error& error) {
      // Left for the next session; whoever opens the store has another purpose.
      if (error.kind() == Kind::interrupted)
        throw;
    }
  }
}

fs::path Session::blob(const BlobDigest& digest) const {
  return sharded(blobs(), digest);
}
fs::path Session::tree(const TreeDigest& digest) const {
  return trees() / digest.hex();
}
fs::path Session::action(const Key& key) const {
  return sharded(actions(), key);
}

fs::path Session::fresh_path(std::string_view prefix) {
  return own_->path() / cat(prefix, "-", counter_.fetch_add(1));
}

void Session::publish(int fd,
                      const fs::path& from,
                      const fs::path& to,
                      Durability durability) const {
  const bool synced = durability == Durability::synced;
  if (synced && ::fsync(fd) != 0)
    throw system_error(cat("cannot sync '", printable(from.string()), "'"), errno);
  const auto directory = to.parent_path();
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno != ENOENT)
      throw system_error(cat("cannot create '", printable(to.string()), "'"), errno);
    make_directories(directory);
    if (synced)
      sync_directory(directory.parent_path());
    if (::rename(from.c_str(), to.c_str()) != 0)
      throw system_error(cat("cannot create '", printable(to.string()), "'"), errno);
  }
  if (synced)
    sync_directory(directory);
}

void Session::write(const fs::path& to, std::string_view bytes, Durability durability) {
  const auto from = fresh_path("file");
  const auto fd = open_file(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
  try {
    write_all(fd.get(), as_bytes(bytes), from.string());
    if (::fchmod(fd.get(), 0644) != 0)
      throw system_error(cat("cannot set the mode of '", printable(from.string()), "'"), errno);
    publish(fd.get(), from, to, durability);
  } catch (...) {
    ::unlink(from.c_str());
    throw;
  }
}

void Session::lock_exclusively(const Cancel& cancel) {
  // The kernel gives the shared lock up first, so that two collectors don't wait for each other.
  try {
    wait_lock(store_lock_.get(), LOCK_EX, cancel);
  } catch (...) {
    // Another collector may be at work for minutes; who was interrupted doesn't wait for it.
    ::flock(store_lock_.get(), LOCK_SH | LOCK_NB);
    throw;
  }
}

void Session::unlock_exclusively() noexcept {
  // May wait for another collector, which is working, not waiting: waiting ones hold no lock.
  while (::flock(store_lock_.get(), LOCK_SH) != 0 && errno == EINTR) {
  }
}

}  // namespace cullet::store
