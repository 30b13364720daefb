// SPDX-License-Identifier: Apache-2.0
// The store after kill -9 at any instant, failing system calls and a full disk.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "cullet/base/process.hpp"

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;
namespace fs = std::filesystem;

namespace {

ProcessSpec child(std::vector<std::string> arguments) {
  ProcessSpec spec;
  spec.argv = std::move(arguments);
  // A leak check needs ptrace(2), which strace has taken.
  spec.environment = {"ASAN_OPTIONS=detect_leaks=0"};
  return spec;
}

void expect_whole(const fs::path& root) {
  const Store store(root, {});
  CHECK(store.check(2, Cancel()).problems == std::vector<std::string>{});
  CHECK(unfinished(root).empty());
  CHECK(names_in(root / "tmp").size() == 1);
}

/// The store's writing with one kind of system call failing at its n-th use, by each thread.
Captured with_fault(const fs::path& root, const std::string& call, const std::string& fault) {
  return run_captured(child({"strace",
                             "-f",
                             "-o",
                             "/dev/null",
                             "-e",
                             cat("trace=", call),
                             "-e",
                             cat("inject=", call, ":", fault),
                             STORE_CHILD,
                             "work",
                             root.string()}),
                      "",
                      Cancel());
}

bool can_inject(const fs::path& root) {
  try {
    if (with_fault(root, "getpgid", "error=ENOSPC").status.ok())
      return true;
    std::cerr << "skipped: strace can't trace here\n";
  } catch (const Error& error) {
    std::cerr << "skipped: " << error.message() << "\n";
  }
  return false;
}

}  // namespace

TEST_CASE("Store: is right after kill -9 at any instant") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const Scratch scratch;
  const auto root = scratch / "store";
  for (int i = 0; i < 25; ++i) {
    std::vector<Process> children;
    for (unsigned c = 0; c < 1 + random() % 2; ++c)
      children.push_back(
          Process::start(child({STORE_CHILD, "churn", root.string(), cat(random())})));
    // Not to be ready for anything: to be interrupted anywhere, store creation included.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (i < 8 ? 8000 : 150000)));
    for (auto& process : children)
      process.kill(SIGKILL);
    for (auto& process : children)
      CHECK(process.wait(Cancel())->signal == SIGKILL);
    children.clear();
    expect_whole(root);
  }
}

TEST_CASE("Store: is right whichever write, sync or rename fails") {
  const Scratch scratch;
  if (!can_inject(scratch / "probe"))
    return;
  for (const std::string call :
       {"write", "fsync", "syncfs", "rename", "mkdir", "linkat", "fchmod"}) {
    int good = 0;
    for (int n = 1; good < 2 && n < 100; n += 1 + n / 3) {
      INFO(call << " number " << n);
      const auto root = scratch / cat(call, n);
      const auto result = with_fault(root, call, cat("error=ENOSPC:when=", n));
      CHECK(result.status.signal == 0);
      if (result.status.ok()) {
        ++good;
      } else {
        CHECK(result.status.code == exit_status(Kind::machine));
        CHECK_THAT(
            result.err,
            Catch::StartsWith("error: cannot ") && Catch::Contains("No space left on device"));
      }
      expect_whole(root);
      // And what failed can be done again.
      CHECK(run_captured(child({STORE_CHILD, "work", root.string()}), "", Cancel()).status.ok());
      fs::remove_all(root);
    }
    CHECK(good == 2);
  }
}

TEST_CASE("Store::commit_part: copies where a file can't have more links") {
  const Scratch scratch;
  if (!can_inject(scratch / "probe"))
    return;
  const auto root = scratch / "store";
  const auto result = with_fault(root, "linkat", "error=EMLINK");
  CHECK(result.err.empty());
  CHECK(result.status.ok());
  expect_whole(root);
  const Store store(root, {});
  CHECK(store.usage({}).trees == 2);
  for (const auto& tree : names_in(root / "trees"))
    CHECK(status_of(root / "trees" / tree / "root/d2/f2").st_nlink == 1);
}

TEST_CASE("Store: survives a full disk") {
  const Scratch scratch;
  make_directories(scratch / "disk");
  const auto result =
      run_captured(child({STORE_CHILD, "fill", (scratch / "disk").string()}), "", Cancel());
  INFO(result.out << result.err);
  CHECK(result.status.ok());
  if (result.out == "skipped\n") {
    std::cerr << "skipped: no user namespaces here\n";
    return;
  }
  CHECK_THAT(result.out, Catch::Contains("No space left on device"));
  CHECK_THAT(result.out, Catch::EndsWith("recovered\n"));
}
