// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/file.hpp"

#include "base/failure.hpp"

using namespace cullet;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path) {
  std::ofstream(path) << "x";
}
bool there(const fs::path& path) {
  return fs::exists(fs::symlink_status(path));
}

/// A chain of `depth` directories in `root`, each with a file: far beyond what one path can name.
void make_deep(const fs::path& root, int depth) {
  fs::create_directory(root);
  auto fd = open_directory(root);
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(fd.get(), "directory", 0755) == 0);
    open_at(fd.get(), "file", O_WRONLY | O_CREAT);
    fd = open_at(fd.get(), "directory", O_RDONLY | O_DIRECTORY);
  }
}

}  // namespace

TEST_CASE("remove_tree: files, directories, and nothing at all") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto root = scratch.path() / "root";
  CHECK_NOTHROW(remove_tree(root));
  CHECK_NOTHROW(remove_tree(root / "below" / "nothing"));
  put(root);
  CHECK_NOTHROW(remove_tree(root / "below"));
  remove_tree(root);
  CHECK_FALSE(there(root));
  fs::create_directories(root / "a/b/c");
  fs::create_directories(root / "a/d");
  put(root / "a/b/f");
  REQUIRE(::mkfifo((root / "fifo").c_str(), 0600) == 0);
  remove_tree(root / "");  // a trailing slash
  CHECK_FALSE(there(root));
  CHECK(there(scratch.path()));
}

TEST_CASE("remove_tree: removes symlinks, never what they point to") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto root = scratch.path() / "root";
  fs::create_directories(scratch.path() / "kept/sub");
  put(scratch.path() / "kept/file");
  fs::create_directory(root);
  fs::create_directory_symlink(scratch.path() / "kept", root / "link");
  fs::create_symlink("nowhere", root / "dangling");
  fs::create_directory_symlink(root, scratch.path() / "alias");
  remove_tree(scratch.path() / "alias");
  CHECK(there(root / "link"));
  remove_tree(root);
  CHECK_FALSE(there(root));
  CHECK(there(scratch.path() / "kept/file"));
  CHECK(there(scratch.path() / "kept/sub"));
}

TEST_CASE("remove_tree: directories without permissions") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto root = scratch.path() / "root";
  for (const auto* name : {"0000", "0100", "0200", "0300", "0400", "0500", "0600"}) {
    fs::create_directories(root / name / "sub/subsub");
    put(root / name / "sub/file");
    REQUIRE(::chmod((root / name / "sub").c_str(), 0) == 0);
    REQUIRE(::chmod((root / name).c_str(), static_cast<mode_t>(std::stoul(name, nullptr, 8))) == 0);
  }
  REQUIRE(::chmod(root.c_str(), 0) == 0);
  remove_tree(root);
  CHECK_FALSE(there(root));
}

TEST_CASE("remove_tree: a tree deeper than any path, with few descriptors") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto root = scratch.path() / "root";
  make_deep(root, 600);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{.rlim_cur = 80, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK_NOTHROW(remove_tree(root));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(there(root));
}

TEST_CASE("remove_tree: refuses names that stand for other directories") {
  for (const auto* path : {"", "/", ".", "..", "/tmp/.", "/tmp/x/..", "//"})
    CHECK(failure([&] { remove_tree(path); }).kind() == Kind::internal);
}

TEST_CASE("remove_tree: a NUL byte in a path does not make it another one") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  put(scratch.path() / "kept");
  const auto path = scratch.path().native() + std::string("\0x/kept", 7);
  CHECK(failure([&] { remove_tree(path); }).kind() == Kind::refused);
  CHECK(failure([&] { make_directories(path); }).kind() == Kind::refused);
  CHECK(there(scratch.path() / "kept"));
}

TEST_CASE("remove_tree: says which entry it could not remove") {
  const auto error = failure([] { remove_tree("/proc/self"); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message().starts_with("cannot remove /proc/self: "));
}

TEST_CASE("remove_tree: while others remove and add") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto root = scratch.path() / "root";
  for (int i = 0; i < 200; ++i)
    fs::create_directories(root / std::to_string(i) / "sub");
  std::atomic<int> failed = 0;
  const auto work = [&] {
    try {
      remove_tree(root);
    } catch (const Error&) {
      ++failed;
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  CHECK(failed == 0);
  CHECK_FALSE(there(root));
}
