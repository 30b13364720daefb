// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/claimed_directory.hpp"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

namespace cullet {
namespace {

namespace fs = std::filesystem;

/// As a killed process leaves it.
fs::path abandoned(const fs::path& parent) {
  auto path = ClaimedDirectory(parent, "work").release();
  replace_file(path / "half", "of it", 0644, Durability::buffered);
  return path;
}

}  // namespace

TEST_CASE("claimed directory: it is gone in the end, unless released") {
  const TemporaryDirectory place(fs::temp_directory_path());
  fs::path was;
  {
    const ClaimedDirectory mine(place.path(), "work");
    was = mine.path();
    CHECK(fs::is_directory(was));
  }
  CHECK(!fs::exists(was));
  CHECK(fs::exists(abandoned(place.path())));
}

TEST_CASE("claimed directory: the next one removes what was left, and nothing else") {
  const TemporaryDirectory place(fs::temp_directory_path());
  const auto left = abandoned(place.path());
  const fs::path others[] = {place.path() / "work",
                             place.path() / "work-0123456789abcdef012",
                             place.path() / "work-0123456789abcdef0123x",
                             place.path() / "work-0123456789ABCDEF0123",
                             place.path() / "walk-0123456789abcdef0123"};
  for (const auto& other : others)
    make_directories(other);
  fs::create_directory_symlink(others[0], place.path() / "work-0123456789abcdef0123");
  replace_file(place.path() / "work-fedcba9876543210fedc", "a file", 0644, Durability::buffered);

  const ClaimedDirectory first(place.path(), "work");
  CHECK(!fs::exists(left));
  const ClaimedDirectory second(place.path(), "work");
  CHECK(fs::is_directory(first.path()));  // in use
  for (const auto& other : others)
    CHECK(fs::is_directory(other));
  CHECK(fs::is_symlink(place.path() / "work-0123456789abcdef0123"));
  CHECK(fs::is_regular_file(place.path() / "work-fedcba9876543210fedc"));
}

}  // namespace cullet
