// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;
namespace fs = std::filesystem;

namespace {

/// A store with a bit of everything.
struct Sample {
  Scratch scratch;
  Store store{scratch / "store", {}};
  Tree tree = commit_sample(store);
  BlobDigest blob = store.put_blob("blob");
  Key key{sha256("key")};
  Sample() {
    store.record_action(key, {1, {tree.digest}, {blob}});
    store.set_latest("name", 1);
  }
  [[nodiscard]] std::string in_tree(std::string_view path) const {
    return cat("tree ", tree.digest, ": '", path, "'");
  }
  [[nodiscard]] std::vector<std::string> problems() const {
    return store.check(2, Cancel()).problems;
  }
};

/// Changes a file's bytes so that only its bytes tell.
void change(const fs::path& path, std::string_view bytes) {
  const auto before = status_of(path);
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  const auto fd = open_file(path, O_WRONLY | O_TRUNC);
  write_all(fd.get(), as_bytes(bytes), "file");
  REQUIRE(::fchmod(fd.get(), before.st_mode & 07777U) == 0);
  age(path, before.st_mtim.tv_sec);
}

}  // namespace

TEST_CASE("Store::check: a good store has no problems") {
  const Sample sample;
  const auto report = sample.store.check(GENERATE(1U, 4U), Cancel());
  CHECK(report.problems.empty());
  CHECK(report.blobs == 1);
  CHECK(report.trees == 1);
  CHECK(report.actions == 1);
  Store empty(sample.scratch / "empty", {});
  CHECK(empty.check(1, Cancel()).problems.empty());
}

TEST_CASE("Store::check: finds every kind of damage") {
  Sample sample;
  const auto& root = sample.tree.root;
  const auto blob = sample.store.blob_path(sample.blob);
  std::vector<std::string> expected;
  SECTION("a blob's bytes") {
    change(blob, "b1ob");
    expected = {
        cat("blob '", blob.string(), "' hashes to ", sha256("b1ob"), ", not to ", sample.blob)};
  }
  SECTION("a blob's mode") {
    REQUIRE(::chmod(blob.c_str(), 0644) == 0);
    expected = {cat("blob '", blob.string(), "' does not have mode 0444")};
  }
  SECTION("a blob that is missing") {
    fs::remove(blob);
    expected = {
        cat("action '",
            (sample.store.root() / "actions" / sample.key.hex().substr(0, 2) / sample.key.hex())
                .string(),
            "' names blob ",
            sample.blob,
            ", which is missing")};
  }
  SECTION("a file's bytes") {
    change(root / "lib/libz.so.1", "bytez");
    expected = {cat(sample.in_tree("lib/libz.so.1"),
                    " hashes to ",
                    sha256("bytez"),
                    ", not to ",
                    sha256("bytes"))};
  }
  SECTION("a file's size") {
    change(root / "lib/libz.so.1", "longer");
    expected = {cat(sample.in_tree("lib/libz.so.1"), " has 6 bytes, not 5")};
  }
  SECTION("a file's mode") {
    REQUIRE(::chmod((root / "bin/tool").c_str(), 0644) == 0);
    expected = {sample.in_tree("bin/tool") + " has another mode",
                sample.in_tree("bin/zool") + " has another mode"};
  }
  SECTION("times") {
    age(root / "lib/libz.so", 5);
    age(root / "var", 5);
    expected = {sample.in_tree("lib/libz.so") + " has another time",
                sample.in_tree("var") + " has another time"};
  }
  SECTION("a missing file") {
    fs::remove(root / "lib/libz.so.1");
    age(root / "lib", 315532800);
    expected = {sample.in_tree("lib/libz.so.1") + " is missing"};
  }
  SECTION("a file too many") {
    put(root / "lib/new\n", "x");
    age(root / "lib", 315532800);
    expected = {sample.in_tree("lib/new\\x0a") + " is not in its manifest"};
  }
  SECTION("another type") {
    fs::remove(root / "lib/libz.so.1");
    make_directories(root / "lib/libz.so.1");
    age(root / "lib", 315532800);
    expected = {sample.in_tree("lib/libz.so.1") + " has another type"};
  }
  SECTION("another target") {
    fs::remove(root / "lib/libz.so");
    REQUIRE(::symlink("/etc/passwd", (root / "lib/libz.so").c_str()) == 0);
    age(root / "lib/libz.so", 315532800);
    age(root / "lib", 315532800);
    expected = {sample.in_tree("lib/libz.so") + " has another target"};
  }
  SECTION("a link that is a copy") {
    fs::remove(root / "bin/zool");
    put(root / "bin/zool", "#!/bin/sh\n", 0755);
    age(root / "bin/zool", 315532800);
    age(root / "bin", 315532800);
    expected = {sample.in_tree("bin/zool") + " is not a link to 'bin/tool'"};
  }
  SECTION("a manifest") {
    put(root.parent_path() / "manifest", "cullet-tree 1\n");
    expected = {cat("tree ",
                    sample.tree.digest,
                    ": tree ",
                    sample.tree.digest,
                    " has a manifest that hashes to ",
                    sha256("cullet-tree 1\n"))};
  }
  SECTION("a record") {
    const auto record =
        sample.store.root() / "actions" / sample.key.hex().substr(0, 2) / sample.key.hex();
    put(record, "{");
    expected = {cat("action '", record.string(), "' can't be read")};
  }
  SECTION("strangers") {
    const auto& store = sample.store.root();
    put(store / "blobs/stray", "x");
    put(store / "blobs/ff" / sample.blob.hex(), "blob");
    put(store / "trees/x", "x");
    put(root.parent_path() / "notes", "x");
    put(store / "actions/stray", "x");
    put(store / "latest/stray", "x");
    make_directories(store / "latest/directory/of/another");
    REQUIRE(::chmod((store / "latest/directory/of").c_str(), 0) == 0);
    for (const auto& path : {store / "actions/stray",
                             store / "blobs/ff" / sample.blob.hex(),
                             store / "blobs/stray",
                             store / "latest/directory",
                             store / "latest/stray",
                             root.parent_path() / "notes",
                             store / "trees/x"})
      expected.push_back(cat("'", path.string(), "' does not belong to the store"));
    std::sort(expected.begin(), expected.end());
  }
  CHECK(sample.problems() == expected);

  // What is damaged can be thrown away and made again.
  sample.store.discard_damaged(sample.store.check(2, Cancel()));
  CHECK(commit_sample(sample.store).digest == sample.tree.digest);
  CHECK(sample.store.put_blob("blob") == sample.blob);
  CHECK(sample.problems().empty());
}

TEST_CASE("Store::check: goes on where something can't be read, and can be cancelled") {
  const Sample sample;
  fs::remove_all(sample.tree.root);
  const auto problems = sample.problems();
  REQUIRE(problems.size() == 1);
  CHECK(sample.store.check(2, Cancel()).damaged_trees == std::vector{sample.tree.digest});
  CHECK_THAT(problems[0], Catch::StartsWith(cat("tree ", sample.tree.digest, ": cannot open ")));
  const Cancel cancel;
  cancel.request();
  CHECK(failure([&] { (void)sample.store.check(2, cancel); }).kind() == Kind::interrupted);
}

TEST_CASE("Store::usage: counts what is there, shared files once") {
  Sample sample;
  auto usage = sample.store.usage({});
  CHECK(usage.blobs == 1);
  CHECK(usage.blob_bytes == 4);
  CHECK(usage.trees == 1);
  CHECK(usage.actions == 1);
  CHECK(usage.temporary_bytes == 0);
  const auto manifest = sample.store.manifest(sample.tree.digest);
  CHECK(usage.tree_bytes == 10 + 5 + manifest.serialize().size());

  const auto part =
      manifest.filter([](const TreeEntry& entry) { return entry.path.name() == "tool"; });
  (void)sample.store.commit_part(sample.tree.digest, part);
  auto writer = sample.store.new_blob();
  writer.write(as_bytes(std::string(100000, 'x')));
  const auto work = sample.store.work_directory();
  make_directories(work.root() / "overlay/locked");
  REQUIRE(::chmod((work.root() / "overlay/locked").c_str(), 0000) == 0);
  usage = sample.store.usage({});
  CHECK(usage.trees == 2);
  CHECK(usage.tree_bytes == 15 + manifest.serialize().size() + part.serialize().size());
  CHECK(usage.temporary_bytes == 100000);
}
