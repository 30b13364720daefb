// SPDX-License-Identifier: Apache-2.0
// The store after kill -9 at any instant, failing system calls and a full disk.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include "cullet/base/process.hpp"
#include "cullet/base/text.hpp"

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

/// One system call that succeeded: its name, and the absolute paths among its arguments.
struct Call {
  std::string name, line;
  std::vector<fs::path> paths;
};

/// What the store's child does to names and to the disk, in order.
std::vector<Call> traced(const fs::path& root, const std::string& command, const fs::path& log) {
  const auto result = run_captured(child({"strace",
                                          "-f",
                                          "-y",
                                          "--successful-only",
                                          "-o",
                                          log.string(),
                                          "-e",
                                          "trace=fsync,syncfs,/^rename,/^mkdir,/^unlink",
                                          STORE_CHILD,
                                          command,
                                          root.string()}),
                                   "",
                                   Cancel());
  INFO(result.err);
  REQUIRE(result.status.ok());
  static const std::regex form("[0-9]+ +([a-z0-9]+)\\((.*)\\) = 0");
  static const std::regex path("[<\"](/[^>\"]*)[>\"]");
  std::vector<Call> calls;
  for (const auto& line : split(read_file(log, 1U << 24U), '\n')) {
    std::smatch found;
    if (!std::regex_match(line, found, form))
      continue;
    Call call{found[1], line, {}};
    const auto arguments = found[2].str();
    for (std::sregex_iterator at(arguments.begin(), arguments.end(), path), end; at != end; ++at)
      call.paths.emplace_back((*at)[1].str());
    calls.push_back(std::move(call));
  }
  return calls;
}

bool is_below(const fs::path& path, const fs::path& directory) {
  return path.string().starts_with(directory.string() + "/");
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

// What a power cut leaves can't be tried out: kill -9 and a full disk leave whatever was written,
// synced or not. So this reads what the store asks of the kernel, and in which order.
TEST_CASE(
    "Store: bytes are on the disk before their name, and a name before anything builds on it") {
  const Scratch scratch;
  if (!can_inject(scratch / "probe"))
    return;
  const auto root = fs::canonical(scratch.path()) / "store";
  const auto calls = traced(root, "work", scratch / "trace");
  std::set<fs::path> synced;  // files; since the last syncfs(2) all of them, whole trees too
  bool all_synced = false;
  std::size_t names = 0;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    const auto& [name, line, paths] = calls[at];
    INFO(line);
    const auto is_durable_next = [&](const fs::path& directory) {
      return at + 1 < calls.size() && calls[at + 1].name == "fsync" &&
             calls[at + 1].paths == std::vector{directory};
    };
    if (name == "syncfs") {
      all_synced = true;
    } else if (name == "fsync") {
      synced.insert(paths.at(0));
    } else if (name.starts_with("rename")) {
      const auto& from = paths.at(0);
      const auto& to = paths.at(1);
      // What is in tmp/ goes with its session, and `latest` only explains.
      if (!is_below(to, root) || is_below(to, root / "tmp") || is_below(to, root / "latest")) {
        all_synced = false;
        continue;
      }
      ++names;
      CHECK((fs::is_directory(to) ? all_synced : synced.count(from) == 1));
      CHECK(is_durable_next(to.parent_path()));
    } else if (name.starts_with("mkdir") &&
               (is_below(paths.at(0), root / "blobs") || is_below(paths.at(0), root / "actions"))) {
      CHECK(is_durable_next(paths[0].parent_path()));
    }
  }
  // The version, a tree and its part, two blobs, a record.
  CHECK(names == 6);
}

TEST_CASE("Store::collect: records are off the disk before what they name is removed") {
  const Scratch scratch;
  if (!can_inject(scratch / "probe"))
    return;
  const auto root = fs::canonical(scratch.path()) / "store";
  REQUIRE(run_captured(child({STORE_CHILD, "work", root.string()}), "", Cancel()).status.ok());
  std::size_t records = 0;
  std::size_t others = 0;
  bool synced = false;
  for (const auto& [name, line, paths] : traced(root, "collect", scratch / "trace")) {
    INFO(line);
    if (name == "syncfs")
      synced = true;
    if (paths.empty() || !(name.starts_with("rename") || name.starts_with("unlink")))
      continue;
    if (is_below(paths[0], root / "actions")) {
      CHECK_FALSE(synced);
      ++records;
    } else if (is_below(paths[0], root / "trees") || is_below(paths[0], root / "blobs")) {
      CHECK(synced);
      ++others;
    }
  }
  CHECK(records == 1);
  CHECK(others == 4);
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
