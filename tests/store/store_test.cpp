// SPDX-License-Identifier: Apache-2.0
#include "cullet/store/store.hpp"

#include <atomic>
#include <iostream>
#include <thread>

#include <sys/file.h>

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;

TEST_CASE("Store: creates its directories whatever the umask, and opens again") {
  const Scratch scratch(GENERATE(mode_t{0}, mode_t{022}, mode_t{077}));
  const auto root = scratch / "a/b/store";
  {
    const Store store(root, {});
    CHECK(store.root() == root);
    CHECK(store.forks_directory() == root / "forks");
    CHECK(store.logs_directory() == root / "logs");
  }
  CHECK(names_in(root) == std::vector<std::string>{"actions",
                                                   "blobs",
                                                   "failed",
                                                   "forks",
                                                   "latest",
                                                   "locks",
                                                   "logs",
                                                   "tmp",
                                                   "trees",
                                                   "version"});
  CHECK(get(root / "version") == "cullet-store 1\n");
  for (const auto& name : names_in(root))
    CHECK(mode_of(root / name) == (name == "version" ? 0644U : 0755U));
  CHECK(names_in(root / "tmp").empty());
  const Store again(root, {});
  const Store at_the_same_time(root, {});
}

TEST_CASE("Store: its paths stay right when the working directory changes") {
  const Scratch scratch;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path());
  Store store("relative", {});
  std::filesystem::current_path(before);
  const auto digest = store.put_blob("x");
  CHECK(store.has_blob(digest));
  CHECK(store.root().is_absolute());
}

TEST_CASE("Store: refuses other formats, naming both") {
  const Scratch scratch;
  const auto root = scratch / "store";
  { const Store store(root, {}); }
  const auto reopened_as = [&](std::string_view version) {
    put(root / "version", version);
    return failure([&] { const Store store(root, {}); });
  };
  const auto newer = reopened_as("cullet-store 2\n");
  CHECK(newer.kind() == Kind::input);
  CHECK(newer.message() == cat("'",
                               root.string(),
                               "' is a store of a newer format: cullet-store 2, "
                               "while this cullet reads cullet-store 1"));
  CHECK(newer.hints() ==
        std::vector<std::string>{"use a newer cullet, or another directory for the store"});
  CHECK_THAT(reopened_as("cullet-store 0\n").message(), Catch::Contains("of an older format"));
  for (const auto* text : {"", "x", "cullet-store 1", "cullet-store x\n", "cullet-store \n"}) {
    const auto error = reopened_as(text);
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::EndsWith("is not a store's version file"));
  }
}

TEST_CASE("Store: does not make itself at home among other files") {
  const Scratch scratch;
  put(scratch / "thesis.tex", "");
  const auto error = failure([&] { const Store store(scratch.path(), {}); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(),
             Catch::EndsWith("is neither a store nor empty: it holds 'thesis.tex'"));
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"thesis.tex"});
}

TEST_CASE("Store: finishes a store that was being created when its maker was killed") {
  const Scratch scratch;
  make_directories(scratch / "store/blobs");
  make_directories(scratch / "store/tmp/session-x");
  Store store(scratch / "store", {});
  CHECK(store.has_blob(store.put_blob("x")));
  CHECK(names_in(scratch / "store/tmp").size() == 1);
}

TEST_CASE("Store: a place where it can't be created is an error of the machine") {
  const Scratch scratch;
  put(scratch / "file", "");
  CHECK(failure([&] { const Store store(scratch / "file/store", {}); }).kind() == Kind::machine);
  if (::geteuid() != 0) {
    make_directories(scratch / "closed");
    REQUIRE(::chmod((scratch / "closed").c_str(), 0500) == 0);
    CHECK(failure([&] { const Store store(scratch / "closed/store", {}); }).kind() ==
          Kind::machine);
  }
}

TEST_CASE("Store: opening removes what dead writers left, and nothing of the living") {
  const Scratch scratch;
  const auto root = scratch / "store";
  Store living(root, {});
  auto blob = living.new_blob();
  blob.write(as_bytes("unfinished"));
  const auto staged = living.stage_tree();
  put(staged.root() / "f", "x");
  // What sessions leave: with a lock file that nobody holds, without one, and hardly removable.
  put(root / "tmp/session-dead/lock", "");
  put(root / "tmp/session-dead/tree-0/root/locked/f", "x", 0000);
  REQUIRE(::chmod((root / "tmp/session-dead/tree-0/root/locked").c_str(), 0000) == 0);
  make_directories(root / "tmp/session-early");
  put(root / "tmp/stray-file", "x");
  {
    const Store another(root, {});
    CHECK(names_in(root / "tmp").size() == 2);
    CHECK(get(staged.root() / "f") == "x");
  }
  CHECK(names_in(root / "tmp").size() == 1);
  CHECK(living.has_blob(blob.commit()));
}

TEST_CASE("Store: writers may outlive it") {
  const Scratch scratch;
  std::optional<BlobWriter> writer;
  std::optional<StagedTree> staged;
  {
    Store store(scratch / "store", {});
    writer.emplace(store.new_blob());
    staged.emplace(store.stage_tree());
  }
  const Store another(scratch / "store", {});
  writer->write(as_bytes("late"));
  CHECK(another.has_blob(writer->commit()));
  CHECK(names_in(staged->root()).empty());
}

TEST_CASE("Store: opening waits for a collector and can be cancelled") {
  const Scratch scratch;
  const auto root = scratch / "store";
  { const Store store(root, {}); }
  auto lock = open_file(root / "locks/store", O_RDWR);
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  const Cancel cancel;
  std::atomic<bool> opened = false;
  std::thread opener([&] {
    const Store store(root, {});
    opened = true;
  });
  cancel.request();
  CHECK(failure([&] { const Store store(root, cancel); }).kind() == Kind::interrupted);
  CHECK_FALSE(opened);
  lock = Fd();
  opener.join();
  CHECK(opened);
}

TEST_CASE("Store: many can be opened and closed at once") {
  const Scratch scratch;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        Store store(scratch / "store", {});
        const auto digest = store.put_blob(cat("blob ", t, " ", i % 3));
        if (store.read_blob(digest, 100) == cat("blob ", t, " ", i % 3))
          ++good;
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(good == 80);
  CHECK(names_in(scratch / "store/tmp").empty());
  const Store store(scratch / "store", {});
  CHECK(store.check(2, Cancel()).blobs == 24);
}
