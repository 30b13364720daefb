// SPDX-License-Identifier: Apache-2.0
// What the store's tests run in a process of its own: to be killed, to have its system calls fail,
// or to fill a disk. Exits as cullet would.
#include <cstdio>
#include <iostream>
#include <random>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/store.hpp"

namespace {

using namespace cullet;
using namespace cullet::store;
namespace fs = std::filesystem;

void put(const fs::path& path, std::string_view bytes, mode_t mode) {
  make_directories(path.parent_path());
  const auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  write_all(fd.get(), as_bytes(bytes), path.string());
}

Tree commit_tree(Store& store, unsigned salt) {
  auto staged = store.stage_tree();
  for (unsigned i = 0; i < 5 + salt % 20; ++i)
    put(staged.root() / cat("d", i % 4) / cat("f", i),
        std::string(salt % 5000, 'x') + cat(salt),
        0755);
  if (::link((staged.root() / "d0/f0").c_str(), (staged.root() / "d0/link").c_str()) != 0 ||
      ::symlink("f0", (staged.root() / "d0/symlink").c_str()) != 0)
    throw system_error("cannot link", errno);
  return store.commit_tree(std::move(staged), {}, 2, Cancel());
}

Tree commit_part(Store& store, const Tree& whole) {
  const auto manifest = store.manifest(whole.digest);
  return store.commit_part(whole.digest, manifest.filter([](const TreeEntry& entry) {
    return entry.type != TreeEntryType::hardlink && entry.path.str() != "d1/f1";
  }));
}

/// Everything that writes, once.
void work(Store& store, unsigned salt) {
  const auto whole = commit_tree(store, salt);
  const auto part = commit_part(store, whole);
  auto writer = store.new_blob();
  writer.write(as_bytes(std::string(salt * 37 % 300000, 'b')));
  writer.write(as_bytes(cat(salt)));
  const auto blob = writer.commit();
  const Key key(sha256(cat("action ", salt % 10)));
  const auto lock = store.lock_action(key, Cancel());
  store.record_action(key, {salt, {whole.digest, part.digest}, {blob, store.put_blob("shared")}});
  store.set_latest("work", salt);
  if (!store.find_action(key))
    throw Error(Kind::internal, "the record is not there");
}

[[noreturn]] void churn(const fs::path& root, unsigned seed) {
  std::mt19937 random(seed);
  for (;;) {
    Store store(root, {});
    for (int i = 0; i < 5; ++i)
      work(store, static_cast<unsigned>(random() % 1000));
    if (random() % 4 == 0)
      store.collect(random() % 2 == 0 ? 0 : 4102444800, Cancel());
  }
}

void write_map(const char* file, const std::string& text) {
  const Fd fd(::open(file, O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || ::write(fd.get(), text.data(), text.size()) < 0)
    throw system_error(cat("cannot write ", file), errno);
}

/// Mounts a small tmpfs over `place` for this process alone; false where that is not allowed.
bool mount_small_disk(const fs::path& place) {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return false;
  write_map("/proc/self/setgroups", "deny");
  write_map("/proc/self/uid_map", cat("0 ", uid, " 1"));
  write_map("/proc/self/gid_map", cat("0 ", gid, " 1"));
  return ::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=3m") == 0;
}

/// Fills a disk until something fails, then expects all that was written before to be right.
int fill(const fs::path& place) {
  if (!mount_small_disk(place)) {
    std::cout << "skipped\n";
    return 0;
  }
  const auto root = place / "store";
  for (unsigned salt = 1; salt < 1000; ++salt) {
    try {
      Store store(root, {});
      work(store, salt * 7919 % 1000 + 1000 * salt);
    } catch (const Error& error) {
      std::cout << error.render();
      if (error.kind() != Kind::machine)
        return 1;
      // Room for the lock and the session's directory is needed to open it again.
      fs::remove_all(root / "logs");
      Store store(root, {});
      for (const auto& problem : store.check(2, Cancel()).problems) {
        std::cout << "problem: " << problem << "\n";
        return 1;
      }
      store.collect(4102444800, Cancel());
      work(store, 1);
      std::cout << "recovered\n";
      return 0;
    }
  }
  return 1;
}

int run(int argc, char** argv) {
  const std::string command = argc > 2 ? argv[1] : "";
  const fs::path root = argc > 2 ? argv[2] : "";
  if (command == "lock") {
    const Store store(root, {});
    const auto lock = store.lock_action(Key(sha256("key")), Cancel());
    std::cout << "locked" << std::endl;
    for (;;)
      ::pause();
  }
  if (command == "churn" && argc > 3)
    churn(root, static_cast<unsigned>(parse_number(argv[3]).value_or(0)));
  if (command == "fill")
    return fill(root);
  if (command == "work") {
    Store store(root, {});
    work(store, 4321);
    return 0;
  }
  if (command == "collect") {
    Store(root, Cancel()).collect(4102444800, Cancel());
    return 0;
  }
  std::cerr << "usage: store_child lock|churn|fill|work|collect DIRECTORY [SEED]\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::cerr << error.render();
    return exit_status(error.kind());
  }
}
