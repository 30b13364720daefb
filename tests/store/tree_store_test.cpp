// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <thread>

#include <sys/xattr.h>

#include "cullet/base/path.hpp"

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;
namespace fs = std::filesystem;

namespace {

bool under(const TreeEntry& entry, std::string_view prefix) {
  return entry.path.str().rfind(prefix, 0) == 0;
}

ino_t inode_of(const fs::path& path) {
  return status_of(path).st_ino;
}

}  // namespace

TEST_CASE("Store::commit_tree: the tree and its manifest are there") {
  const Scratch scratch(GENERATE(mode_t{0}, mode_t{077}));
  Store store(scratch / "store", {});
  const auto tree = commit_sample(store);
  CHECK(tree.root == store.root() / "trees" / tree.digest.hex() / "root");
  CHECK(get(tree.root / "bin/tool") == "#!/bin/sh\n");
  CHECK(mode_of(tree.root) == 0755);
  CHECK(mode_of(tree.root.parent_path()) == 0755);
  const auto manifest = store.manifest(tree.digest);
  CHECK(manifest.digest() == tree.digest);
  CHECK(manifest.entries().size() == 8);
  CHECK(store.tree(tree.digest).root == tree.root);
  CHECK(store.find_tree(tree.digest)->digest == tree.digest);
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::commit_tree: the same files twice give one tree") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto first = commit_sample(store);
  const auto inode = inode_of(first.root / "bin/tool");
  const auto second = commit_sample(store);
  CHECK(second.digest == first.digest);
  CHECK(second.root == first.root);
  CHECK(inode_of(first.root / "bin/tool") == inode);
  CHECK(commit_sample(store, "other").digest != first.digest);
  CHECK(store.usage({}).trees == 2);
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::commit_tree: threads commit the same tree at once") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  std::vector<TreeDigest> digests(4);
  std::vector<std::thread> threads;
  for (auto& digest : digests)
    threads.emplace_back([&] { digest = commit_sample(store).digest; });
  for (auto& thread : threads)
    thread.join();
  for (const auto& digest : digests)
    CHECK(digest == digests[0]);
  CHECK(store.usage({}).trees == 1);
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::commit_tree: what can't be captured leaves nothing") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  auto staged = store.stage_tree();
  put(staged.root() / "deep/f", "x", 0000);
  REQUIRE(::mkfifo((staged.root() / "pipe").c_str(), 0644) == 0);
  REQUIRE(::chmod((staged.root() / "deep").c_str(), 0000) == 0);
  CHECK(failure([&] { commit(store, std::move(staged)); }).kind() == Kind::input);
  CHECK(store.usage({}).trees == 0);
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::commit_tree: takes the place of a tree that lost its manifest") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto tree = commit_sample(store);
  fs::remove(tree.root.parent_path() / "manifest");
  CHECK_FALSE(store.find_tree(tree.digest));
  CHECK(commit_sample(store).digest == tree.digest);
  CHECK(store.check(2, Cancel()).problems.empty());
}

TEST_CASE("Store::stage_tree: new files get the modes that they are made with") {
  const Scratch scratch(0);
  make_directories(scratch / "shared");
  REQUIRE(::chmod((scratch / "shared").c_str(), 02775) == 0);
  // A default ACL that takes everything from everybody else.
  const unsigned char acl[] = {2, 0, 0,   0,   1,   0,   7,    0, 255, 255, 255, 255, 4,   0,
                               0, 0, 255, 255, 255, 255, 0x20, 0, 0,   0,   255, 255, 255, 255};
  if (::setxattr((scratch / "shared").c_str(), "system.posix_acl_default", acl, sizeof(acl), 0) !=
      0)
    std::cerr << "without a default ACL: " << std::strerror(errno) << "\n";
  Store store(scratch / "shared/store", {});
  const auto staged = store.stage_tree();
  const auto work = store.work_directory();
  for (const auto* root : {&staged.root(), &work.root()}) {
    CHECK(mode_of(*root) == 0755);
    REQUIRE(::mkdir((*root / "d").c_str(), 0775) == 0);
    (void)open_file(*root / "d/f", O_CREAT | O_WRONLY, 0666);
    CHECK(mode_of(*root / "d") == 0775);
    CHECK(mode_of(*root / "d/f") == 0666);
  }
}

TEST_CASE("StagedTree: goes with all that is in it") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  {
    const auto work = store.work_directory();
    auto staged = store.stage_tree();
    put(work.root() / "upper/locked/f", "x", 0000);
    REQUIRE(::chmod((work.root() / "upper/locked").c_str(), 0000) == 0);
    const auto moved = std::move(staged);
    put(moved.root() / "f", "x");
    CHECK(unfinished(store.root()).size() == 2);
  }
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::commit_part: links the files of the whole") {
  const Scratch scratch(GENERATE(mode_t{0}, mode_t{077}));
  Store store(scratch / "store", {});
  const auto whole = commit_sample(store);
  const auto part = store.manifest(whole.digest).filter([](const TreeEntry& entry) {
    return under(entry, "lib") || entry.path.str() == "bin/zool" || under(entry, "var");
  });
  const auto tree = store.commit_part(whole.digest, part);
  CHECK(tree.digest == part.digest());
  CHECK(store.manifest(tree.digest).serialize() == part.serialize());
  CHECK(part.find("bin/zool")->type == TreeEntryType::file);
  CHECK(inode_of(tree.root / "lib/libz.so.1") == inode_of(whole.root / "lib/libz.so.1"));
  CHECK(inode_of(tree.root / "bin/zool") == inode_of(whole.root / "bin/tool"));
  CHECK(fs::read_symlink(tree.root / "lib/libz.so") == "libz.so.1");
  CHECK(names_in(tree.root / "bin") == std::vector<std::string>{"zool"});
  CHECK(store.check(2, Cancel()).problems.empty());
  // The very tree that installing just these files would have given.
  CHECK(capture(tree.root, {}, 1, Cancel()).digest() == tree.digest);
  CHECK(store.commit_part(whole.digest, part).root == tree.root);
  CHECK(store.commit_part(whole.digest, store.manifest(whole.digest)).root == whole.root);
  CHECK(unfinished(store.root()).empty());
}

TEST_CASE("Store::commit_part: keeps links among the part's own files, and odd modes") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  auto staged = store.stage_tree();
  put(staged.root() / "a", "x");
  for (const auto* name : {"b", "c"})
    REQUIRE(::link((staged.root() / "a").c_str(), (staged.root() / name).c_str()) == 0);
  put(staged.root() / "closed/f", "y");
  CapturePolicy policy;
  policy.modes = {{"closed", 0500}, {"a", 06711}};
  const auto whole = commit(store, std::move(staged), policy);
  const auto part = store.manifest(whole.digest).filter([](const TreeEntry& entry) {
    return entry.path.str() != "a";
  });
  CHECK(part.find("c")->target == "b");
  CHECK(part.find("c")->mode == 06711);
  const auto tree = store.commit_part(whole.digest, part);
  CHECK(inode_of(tree.root / "b") == inode_of(tree.root / "c"));
  CHECK(mode_of(tree.root / "b") == 0711);
  CHECK(mode_of(tree.root / "closed") == 0700);
  CHECK(store.check(2, Cancel()).problems.empty());
}

TEST_CASE("Store::commit_part: what is no part of the whole is a bug") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const auto whole = commit_sample(store);
  const TreeManifest other(
      {{RelativePath::parse("bin").value(), TreeEntryType::directory, 0755, 0, {}, {}},
       {RelativePath::parse("bin/tool").value(), TreeEntryType::file, 0755, 3, sha256("bad"), {}}});
  const auto error = failure([&] { (void)store.commit_part(whole.digest, other); });
  CHECK(error.kind() == Kind::internal);
  CHECK(error.message() == cat("'bin/tool' is no part of tree ", whole.digest));
}

TEST_CASE("Store: the longest paths survive commit, part, check and collect") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  auto staged = store.stage_tree();
  auto fd = open_directory(staged.root());
  const std::string name(99, 'd');  // 40 * 100 + 95 = 4095
  for (int i = 0; i < 40; ++i) {
    REQUIRE(::mkdirat(fd.get(), name.c_str(), 0755) == 0);
    fd = open_at(fd.get(), name, O_RDONLY | O_DIRECTORY);
  }
  const std::string f(95, 'f');
  const std::string g(95, 'g');
  write_all(open_at(fd.get(), f, O_WRONLY | O_CREAT).get(), as_bytes("x"), "f");
  write_all(open_at(fd.get(), g, O_WRONLY | O_CREAT).get(), as_bytes("y"), "g");
  const auto whole = commit(store, std::move(staged));
  const auto manifest = store.manifest(whole.digest);
  REQUIRE(manifest.entries().back().path.str().size() == kMaxPath);
  const auto part =
      manifest.filter([](const TreeEntry& entry) { return entry.path.name()[0] == 'f'; });
  CHECK(store.commit_part(whole.digest, part).digest == part.digest());
  CHECK(store.check(2, Cancel()).problems.empty());
  CHECK(store.usage({}).tree_bytes > 2);
  CHECK(store.collect(kFarFuture, Cancel()).removed_trees == 2);
}

TEST_CASE("Store: trees that are absent or damaged") {
  const Scratch scratch;
  Store store(scratch / "store", {});
  const TreeDigest absent(sha256("absent"));
  CHECK_FALSE(store.find_tree(absent));
  const auto error = failure([&] { (void)store.tree(absent); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == cat("the store has no tree ", absent));
  CHECK(error.hints() ==
        std::vector<std::string>{"run `cullet store check --repair`, then build again"});
  CHECK(failure([&] { (void)store.manifest(absent); }).kind() == Kind::machine);

  const auto tree = commit_sample(store);
  put(tree.root.parent_path() / "manifest", "cullet-tree 1\n");
  const auto damaged = failure([&] { (void)store.manifest(tree.digest); });
  CHECK(damaged.kind() == Kind::refused);
  CHECK(damaged.message() ==
        cat("tree ", tree.digest, " has a manifest that hashes to ", sha256("cullet-tree 1\n")));
}
