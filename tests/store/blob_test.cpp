// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;

TEST_CASE("BlobWriter: writes what it is given, in pieces of any size") {
  const Scratch scratch(GENERATE(mode_t{0}, mode_t{077}));
  Store store(scratch / "store", {});
  std::string all;
  auto writer = store.new_blob();
  for (const std::size_t size : {0U, 1U, 100U, 65535U, 65536U, 1U, 300000U, 7U}) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    writer.write(as_bytes(piece));
    all += piece;
  }
  CHECK(writer.size() == all.size());
  const auto digest = writer.commit();
  CHECK(digest == BlobDigest(sha256(all)));
  CHECK(store.blob_size(digest) == all.size());
  CHECK(store.read_blob(digest, all.size()) == all);
  CHECK(get(store.blob_path(digest)) == all);
  CHECK(mode_of(store.blob_path(digest)) == 0444);
  CHECK(store.blob_path(digest) ==
        store.root() / "blobs" / digest.hex().substr(0, 2) / digest.hex());
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("BlobWriter: the same bytes twice give one file") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto digest = store.put_blob("same");
  const auto inode = status_of(store.blob_path(digest)).st_ino;
  auto writer = store.new_blob();
  writer.write(as_bytes("same"));
  CHECK(writer.commit() == digest);
  CHECK(store.put_blob("same") == digest);
  CHECK(status_of(store.blob_path(digest)).st_ino == inode);
  CHECK(store.usage({}).blobs == 1);
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("BlobWriter: replaces a blob that lost bytes") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto digest = store.put_blob("whole");
  REQUIRE(::chmod(store.blob_path(digest).c_str(), 0644) == 0);
  REQUIRE(::truncate(store.blob_path(digest).c_str(), 2) == 0);
  CHECK(store.put_blob("whole") == digest);
  CHECK(store.read_blob(digest, 100) == "whole");
}

TEST_CASE("BlobWriter::commit_as: keeps nothing when the bytes are others") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const BlobDigest want(sha256("wanted"));
  auto writer = store.new_blob();
  writer.write(as_bytes("other"));
  const auto error = failure([&] { writer.commit_as(want, "zlib.tar.xz"); });
  CHECK(error.kind() == Kind::refused);
  CHECK(error.message() == cat("zlib.tar.xz hashes to ", sha256("other"), ", not to ", want));
  CHECK(store.usage({}).blobs == 0);
  CHECK(unfinished(store.root()).empty());
  CHECK(failure([&] { writer.commit(); }).kind() == Kind::internal);

  auto good = store.new_blob();
  good.write(as_bytes("wanted"));
  good.commit_as(want, "zlib.tar.xz");
  CHECK(store.has_blob(want));
  CHECK(failure([&] { good.write(as_bytes("more")); }).kind() == Kind::internal);
}

TEST_CASE("BlobWriter: leaves nothing when it is dropped, and can be moved") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  {
    auto writer = store.new_blob();
    writer.write(as_bytes(std::string(200000, 'x')));
    CHECK(unfinished(store.root()).size() == 1);
    auto moved = std::move(writer);
    moved.write(as_bytes("y"));
    CHECK(moved.size() == 200001);
  }
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store: blobs that are absent or damaged") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const BlobDigest absent(sha256("absent"));
  CHECK_FALSE(store.has_blob(absent));
  const auto error = failure([&] { (void)store.open_blob(absent); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == cat("the store has no blob ", absent));
  CHECK(error.hints() ==
        std::vector<std::string>{"run `cullet store check --repair`, then build again"});

  const auto digest = store.put_blob("original");
  CHECK(failure([&] { (void)store.read_blob(digest, 7); }).kind() == Kind::input);
  REQUIRE(::chmod(store.blob_path(digest).c_str(), 0644) == 0);
  put(store.blob_path(digest), "0riginal");
  const auto damaged = failure([&] { (void)store.read_blob(digest, 100); });
  CHECK(damaged.kind() == Kind::refused);
  CHECK_THAT(damaged.render(), Catch::Contains(digest.str()));
  CHECK_THAT(damaged.render(), Catch::Contains(sha256("0riginal").str()));
  CHECK_THAT(damaged.render(), Catch::Contains("hint: run `cullet store check --repair`"));
}

TEST_CASE("Store: threads put the same and different blobs at once") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto text = i % 2 == 0 ? cat("shared ", i) : cat("own ", t, " ", i);
        if (store.read_blob(store.put_blob(text), 100) == text)
          ++good;
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(good == 120);
  CHECK(store.usage({}).blobs == 10 + 60);
}
