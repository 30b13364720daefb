// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <csignal>
#include <thread>

#include "cullet/base/process.hpp"

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;

namespace {

const Key kKey(sha256("key"));

std::filesystem::path file_of(const Store& store, const Key& key) {
  return store.root() / "actions" / key.hex().substr(0, 2) / key.hex();
}

/// As a record's file has its text.
std::string sealed(std::string_view text) {
  return cat(sha256(text).hex(), "\n", text);
}

}  // namespace

TEST_CASE("Store: an action's record comes back as it was") {
  const Scratch scratch(GENERATE(mode_t{0}, mode_t{077}));
  Store store(scratch / "store", {});
  CHECK_FALSE(store.find_action(kKey));
  const auto tree = commit_sample(store);
  const auto blob = store.put_blob("blob");
  const Json value = {{"seconds", 3}, {"text", "ä"}, {"list", Json::array({1, nullptr})}};
  store.record_action(kKey, {value, {tree.digest}, {blob}});
  const auto found = store.find_action(kKey);
  REQUIRE(found);
  CHECK(found->value == value);
  CHECK(found->trees == std::vector{tree.digest});
  CHECK(found->blobs == std::vector{blob});
  CHECK(get(file_of(store, kKey)) ==
        sealed(cat(R"({"blobs":[")",
                   blob,
                   R"("],"trees":[")",
                   tree.digest,
                   R"("],"value":{"list":[1,null],"seconds":3,"text":"ä"}})")));
  CHECK(mode_of(file_of(store, kKey)) == 0644);

  store.record_action(kKey, {nullptr, {}, {}});
  CHECK(store.find_action(kKey)->value.is_null());
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::find_action: an incomplete or unreadable record counts as absent") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto tree = commit_sample(store);
  const auto blob = store.put_blob("blob");
  store.record_action(kKey, {Json::object(), {tree.digest}, {blob}});
  const auto file = file_of(store, kKey);
  SECTION("without a tree") {
    std::filesystem::remove_all(tree.root.parent_path());
  }
  SECTION("without a blob") {
    std::filesystem::remove(store.blob_path(blob));
  }
  SECTION("empty") {
    put(file, "");
  }
  SECTION("cut off") {
    put(file, get(file).substr(0, 30));
  }
  SECTION("no record") {
    put(file, sealed("[]"));
  }
  SECTION("without a value") {
    put(file, sealed(R"({"blobs":[],"trees":[]})"));
  }
  SECTION("without trees") {
    put(file, sealed(R"({"blobs":[],"value":1})"));
  }
  SECTION("with other digests") {
    put(file, sealed(R"({"blobs":[],"trees":["md5:x"],"value":1})"));
  }
  SECTION("with things that are no digests") {
    put(file, sealed(R"({"blobs":[7],"trees":[],"value":1})"));
  }
  SECTION("with another value than was written") {
    auto text = get(file);
    text.replace(text.find("{}"), 2, "[]");
    put(file, text);
  }
  SECTION("without its digest") {
    put(file, R"({"blobs":[],"trees":[],"value":1})");
  }
  SECTION("a directory in its place") {
    std::filesystem::remove(file);
    make_directories(file / "x");
  }
  CHECK_FALSE(store.find_action(kKey));
}

TEST_CASE("Store::find_action: marks the record as used") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  store.record_action(kKey, {1, {}, {}});
  age(file_of(store, kKey), 1000);
  CHECK(store.find_action(kKey));
  CHECK(status_of(file_of(store, kKey)).st_mtim.tv_sec > 1000000);
}

TEST_CASE("Store::record_action: naming what is not there is a bug") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const BlobDigest blob(sha256("absent"));
  const auto error = failure([&] { store.record_action(kKey, {1, {}, {blob}}); });
  CHECK(error.kind() == Kind::internal);
  CHECK(error.message() == cat("an action's record names blob ", blob, ", which is missing"));
  CHECK(failure([&] {
          store.record_action(kKey, {1, {TreeDigest(blob)}, {}});
        }).kind() == Kind::internal);
  CHECK_FALSE(store.find_action(kKey));
}

TEST_CASE("Store::lock_action: one holder at a time, across threads and stores") {
  const Scratch scratch;
  Store one(scratch / "store", {});
  Store two(scratch / "store", {});
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> turns = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const auto lock = (t % 2 == 0 ? one : two).lock_action(kKey, Cancel());
        most = std::max<int>(most, ++inside);
        std::this_thread::yield();
        --inside;
        ++turns;
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(most == 1);
  CHECK(turns == 20);
}

TEST_CASE("Store::lock_action: locks of different keys don't meet, and waiting can be cancelled") {
  const Scratch scratch;
  const Store store(scratch / "store", {});
  const auto held = store.lock_action(kKey, Cancel());
  const auto other = store.lock_action(Key(sha256("other")), Cancel());
  const Cancel cancel;
  std::optional<Error> error;
  std::thread waiter([&] {
    try {
      (void)store.lock_action(kKey, cancel);
    } catch (const Error& caught) {
      error = caught;
    }
  });
  cancel.request();
  waiter.join();
  REQUIRE(error);
  CHECK(error->kind() == Kind::interrupted);
}

TEST_CASE("Store::lock_action: goes with a process that is killed") {
  const Scratch scratch;
  const Store store(scratch / "store", {});
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd out(ends[0]);
  Fd in(ends[1]);
  ProcessSpec spec;
  spec.argv = {STORE_CHILD, "lock", (scratch / "store").string()};
  spec.out = in.get();
  auto child = Process::start(spec);
  in = Fd();
  char line[7];
  std::size_t got = 0;
  FdSource source(out.get(), "child");
  while (got < 7)
    if (const auto n = source.read(std::as_writable_bytes(std::span(line)).subspan(got)))
      got += n;
    else
      break;
  REQUIRE(std::string_view(line, got) == "locked\n");
  std::optional<ActionLock> lock;
  std::thread waiter([&] { lock.emplace(store.lock_action(kKey, Cancel())); });
  child.kill(SIGKILL);
  waiter.join();
  CHECK(lock);
}

TEST_CASE("Store: the latest inputs of a name") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const std::string name = "component \xff in /ws\n";
  CHECK_FALSE(store.latest(name));
  store.set_latest(name, {{"key", "a"}});
  store.set_latest(name, {{"key", "b"}});
  store.set_latest("other", 1);
  CHECK(store.latest(name) == Json({{"key", "b"}}));
  put(store.root() / "latest" / sha256(name).hex(), "");
  CHECK_FALSE(store.latest(name));
  CHECK(store.latest("other") == Json(1));
}
