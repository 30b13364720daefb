// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/store/store.hpp"

#include "base/failure.hpp"

namespace cullet::store {

inline constexpr std::int64_t kFarFuture = 4102444800;  // 2100-01-01

/// A directory of the test's own, and the umask that it runs under.
class Scratch {
 public:
  explicit Scratch(mode_t mask = 022)
      : before_(::umask(mask)), directory_(std::filesystem::temp_directory_path()) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = delete;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() { ::umask(before_); }
  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return directory_.path() / name;
  }

 private:
  mode_t before_;
  TemporaryDirectory directory_;
};

/// For helpers that tests run on several threads, where REQUIRE is not allowed (Catch2 has no
/// locks).
inline void must_be_zero(int result) {
  if (result != 0)
    throw system_error("a test's own preparation failed", errno);
}

/// Writes a file with exactly these permission bits, its parents included where absent.
inline void put(const std::filesystem::path& path, std::string_view bytes, mode_t mode = 0644) {
  make_directories(path.parent_path());
  const auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  write_all(fd.get(), as_bytes(bytes), path.string());
  must_be_zero(::fchmod(fd.get(), mode));
}

inline std::string get(const std::filesystem::path& path) {
  return read_file(path, 1U << 24U);
}

inline struct stat status_of(const std::filesystem::path& path) {
  struct stat status {};
  INFO(path);
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

inline unsigned mode_of(const std::filesystem::path& path) {
  return status_of(path).st_mode & 07777U;
}

inline std::vector<std::string> names_in(const std::filesystem::path& path) {
  return list_directory(open_directory(path).get(), path.string());
}

/// What is in the sessions' directories of tmp/: unfinished writes.
inline std::vector<std::string> unfinished(const std::filesystem::path& store) {
  std::vector<std::string> found;
  for (const auto& session : names_in(store / "tmp"))
    for (const auto& name : names_in(store / "tmp" / session))
      if (name != "lock")
        found.push_back(name);
  return found;
}

inline void age(const std::filesystem::path& path, std::int64_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

inline Tree commit(Store& store, StagedTree staged, const CapturePolicy& policy = {}) {
  return store.commit_tree(std::move(staged), policy, 2, Cancel());
}

/// A tree with every kind of entry.
inline Tree commit_sample(Store& store, std::string_view salt = "") {
  auto staged = store.stage_tree();
  put(staged.root() / "bin/tool", "#!/bin/sh\n", 0755);
  must_be_zero(::link((staged.root() / "bin/tool").c_str(), (staged.root() / "bin/zool").c_str()));
  put(staged.root() / "lib/libz.so.1", std::string("bytes") + std::string(salt));
  must_be_zero(::symlink("libz.so.1", (staged.root() / "lib/libz.so").c_str()));
  make_directories(staged.root() / "var/empty");
  return commit(store, std::move(staged));
}

}  // namespace cullet::store
