// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <future>
#include <thread>

#include <sys/file.h>

#include "cullet/store/mirrors.hpp"

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;
namespace fs = std::filesystem;

namespace {

Key key_of(std::string_view name) {
  return Key(sha256(name));
}

void age_action(const Store& store, std::string_view name, std::int64_t seconds) {
  const auto hex = key_of(name).hex();
  age(store.root() / "actions" / hex.substr(0, 2) / hex, seconds);
}

}  // namespace

TEST_CASE("Store::collect: keeps what a recent record names and removes the rest") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto kept_tree = commit_sample(store, "kept");
  const auto old_tree = commit_sample(store, "old");
  const auto loose_tree = commit_sample(store, "loose");
  const auto kept_blob = store.put_blob("kept");
  const auto shared_blob = store.put_blob("shared");
  const auto old_blob = store.put_blob("old");
  const auto loose_blob = store.put_blob("loose");
  store.record_action(key_of("kept"), {1, {kept_tree.digest}, {kept_blob, shared_blob}});
  store.record_action(key_of("old"), {1, {old_tree.digest}, {old_blob, shared_blob}});
  age_action(store, "kept", 2000);
  age_action(store, "old", 1999);

  const auto report = store.collect(2000, Cancel());
  CHECK(report.removed_actions == 1);
  CHECK(report.removed_trees == 2);
  CHECK(report.removed_blobs == 2);
  CHECK(store.find_action(key_of("kept")));
  CHECK_FALSE(store.find_action(key_of("old")));
  CHECK(store.find_tree(kept_tree.digest));
  CHECK_FALSE(store.find_tree(old_tree.digest));
  CHECK_FALSE(store.find_tree(loose_tree.digest));
  CHECK(store.has_blob(kept_blob));
  CHECK(store.has_blob(shared_blob));
  CHECK_FALSE(store.has_blob(old_blob));
  CHECK_FALSE(store.has_blob(loose_blob));
  CHECK(store.check(2, Cancel()).problems.empty());
  CHECK(unfinished(store.root()).empty());
  // It is still of use.
  CHECK(store.collect(2000, Cancel()).removed_trees == 0);
  CHECK(store.has_blob(store.put_blob("after")));
}

TEST_CASE("Store::collect: a record that was found is a record that was used") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  store.record_action(key_of("a"), {1, {}, {}});
  store.record_action(key_of("b"), {1, {}, {}});
  age_action(store, "a", 1);
  age_action(store, "b", 1);
  CHECK(store.find_action(key_of("a")));
  CHECK(store.collect(1000, Cancel()).removed_actions == 1);
  CHECK(store.find_action(key_of("a")));
}

TEST_CASE("Store::collect: a part keeps the bytes that it shares with the whole") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto whole = commit_sample(store);
  const auto manifest = store.manifest(whole.digest);
  const auto part =
      manifest.filter([](const TreeEntry& entry) { return entry.path.name() == "tool"; });
  const auto tree = store.commit_part(whole.digest, part);
  store.record_action(key_of("part"), {1, {tree.digest}, {}});
  const auto report = store.collect(0, Cancel());
  CHECK(report.removed_trees == 1);
  CHECK(report.freed_bytes == 5 + manifest.serialize().size());
  CHECK(get(tree.root / "bin/tool") == "#!/bin/sh\n");
  CHECK(store.check(2, Cancel()).problems.empty());
  CHECK(store.collect(kFarFuture, Cancel()).freed_bytes >= 10 + part.serialize().size());
  CHECK(store.usage({}).tree_bytes == 0);
}

TEST_CASE("Store::collect: forks stay, old logs, latest inputs, locks and dead records go") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto& root = store.root();
  put(root / "forks/zlib.git/HEAD", "ref");
  put(root / "logs/old/a.log", "12345");
  put(root / "logs/old/b.log", "12345");
  put(root / "logs/mixed/new.log", "n");
  put(root / "logs/mixed/old.log", "o");
  for (const auto* name : {"old/a.log", "old/b.log", "mixed/old.log"})
    age(root / "logs" / name, 10);
  age(root / "forks/zlib.git/HEAD", 10);
  put(root / "failed/old/locked/f", "123");
  put(root / "failed/new/f", "123");
  REQUIRE(::chmod((root / "failed/old/locked").c_str(), 0000) == 0);
  age(root / "failed/old", 10);
  store.set_latest("old", 1);
  store.set_latest("new", 1);
  age(root / "latest" / sha256("old").hex(), 10);
  { const auto lock = store.lock_action(key_of("x"), Cancel()); }
  const auto held = store.lock_action(key_of("held"), Cancel());
  put(root / "tmp/session-dead/tree-0/root/f", "x");
  const auto blob = store.put_blob("b");
  store.record_action(key_of("damaged"), {1, {}, {blob}});
  put(root / "actions" / key_of("damaged").hex().substr(0, 2) / key_of("damaged").hex(), "{");

  const auto report = store.collect(1000, Cancel());
  CHECK(report.removed_actions == 1);
  CHECK(report.removed_blobs == 1);
  // Root sees what nobody else may look into.
  CHECK(report.freed_bytes == 5 + 5 + 1 + 1 + 1 + 1 + (::geteuid() == 0 ? 3 : 0));
  CHECK(names_in(root / "failed") == std::vector<std::string>{"new"});
  CHECK(get(root / "forks/zlib.git/HEAD") == "ref");
  CHECK(names_in(root / "logs") == std::vector<std::string>{"mixed"});
  CHECK(names_in(root / "logs/mixed") == std::vector<std::string>{"new.log"});
  CHECK_FALSE(store.latest("old"));
  CHECK(store.latest("new"));
  auto locks = std::vector<std::string>{key_of("held").hex(), "store", "tmp"};
  CHECK(names_in(root / "locks") == locks);
  CHECK(names_in(root / "tmp").size() == 1);
  const auto again = store.lock_action(key_of("x"), Cancel());
}

TEST_CASE("Store::collect: leaves this process's unfinished writes alone") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  auto writer = store.new_blob();
  writer.write(as_bytes("unfinished"));
  auto staged = store.stage_tree();
  put(staged.root() / "f", "x");
  store.collect(kFarFuture, Cancel());
  CHECK(store.has_blob(writer.commit()));
  CHECK(store.find_tree(commit(store, std::move(staged)).digest));
}

TEST_CASE("Store::collect: waits for others that have the store open, and can be cancelled") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  auto other = std::make_optional<Store>(scratch / "store", Cancel());
  const auto blob = other->put_blob("in use");
  const Cancel cancel;
  cancel.request();
  CHECK(failure([&] { store.collect(kFarFuture, cancel); }).kind() == Kind::interrupted);
  CHECK(other->has_blob(blob));

  auto collected =
      std::async(std::launch::async, [&] { return store.collect(kFarFuture, Cancel()); });
  CHECK(collected.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
  other->record_action(key_of("x"), {1, {}, {blob}});
  CHECK(other->find_action(key_of("x")));
  other.reset();
  CHECK(collected.get().removed_blobs == 1);
  // The lock is shared again.
  const Store third(scratch / "store", {});
}

TEST_CASE("Store::collect: one that is interrupted doesn't wait for another that works") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto path = fs::canonical(scratch / "store/locks/store");
  // Its shared lock is gone, as it is while it waits; a lock belongs to all that are open as one.
  for (const auto& open : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (fs::read_symlink(open.path(), ignored) == path)
      must_be_zero(::flock(std::stoi(open.path().filename()), LOCK_UN));
  }
  const Fd other = open_file(path, O_RDWR);
  must_be_zero(::flock(other.get(), LOCK_EX | LOCK_NB));
  const Cancel cancel;
  cancel.request();
  auto waiting = std::async(std::launch::async, [&] { store.collect(kFarFuture, cancel); });
  const bool ended = waiting.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  must_be_zero(::flock(other.get(), LOCK_UN));
  CHECK(ended);
  CHECK(failure([&] { waiting.get(); }).kind() == Kind::interrupted);
}

TEST_CASE("Store::collect: two collectors don't wait for each other forever") {
  const Scratch scratch;
  auto one = std::make_optional<Store>(scratch / "store", Cancel());
  auto two = std::make_optional<Store>(scratch / "store", Cancel());
  (void)one->put_blob("x");
  CollectReport first;
  CollectReport second;
  // Both give their shared locks up to become exclusive.
  std::thread thread([&] {
    first = one->collect(kFarFuture, Cancel());
    one.reset();
  });
  second = two->collect(kFarFuture, Cancel());
  two.reset();
  thread.join();
  CHECK(first.removed_blobs + second.removed_blobs == 1);
}

TEST_CASE("Store::collect: mirrors that were not opened for as long go where that is asked for") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto forks = store.forks_directory();
  for (const std::string name : {"kept-1", "old-1"}) {
    put(forks / (name + ".git") / "objects/pack/p.pack", "0123456789", 0444);
    put(forks / (name + ".lock"), "");
  }
  put(forks / "failed-1.lock", "");
  age(forks / "kept-1.git", 2000);
  age(forks / "old-1.git", 1999);
  CHECK(mirror_usage(store, Cancel()).mirrors == 2);
  CHECK(mirror_usage(store, Cancel()).bytes == 20);
  CHECK(store.collect(kFarFuture, Cancel()).freed_bytes == 0);
  CHECK(store.collect(2000, Cancel(), Store::Mirrors::too).freed_bytes == 10);
  CHECK(list_directory(open_directory(forks).get(), "forks") ==
        std::vector<std::string>{"kept-1.git", "kept-1.lock"});
  CHECK(mirror_usage(store, Cancel()).bytes == 10);
}
