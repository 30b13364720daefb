// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

namespace cullet::image {
namespace {

using store::TreeEntry;
using store::TreeEntryType;
using store::TreeManifest;

TreeEntry entry(std::string_view path, TreeEntryType type, std::string_view content = {}) {
  TreeEntry made{.path = *RelativePath::parse(path),
                 .type = type,
                 .mode = type == TreeEntryType::directory ? 0755U
                         : type == TreeEntryType::symlink ? 0777U
                                                          : 0644U,
                 .size = 0,
                 .content = {},
                 .target = {}};
  if (type == TreeEntryType::file) {
    made.size = content.size();
    made.content = sha256(content);
  } else {
    made.target = content;
  }
  return made;
}

const TreeManifest kBase({entry("a", TreeEntryType::directory),
                          entry("a/file", TreeEntryType::file, "same"),
                          entry("a/link", TreeEntryType::symlink, "file"),
                          entry("a/other", TreeEntryType::hardlink, "a/file")});

void check(const TreeManifest& second) {
  check_conflicts({{"base", &kBase}, {"second", &second}});
}

TEST_CASE("check_conflicts: equal content, directories in common and disjoint paths are fine") {
  CHECK_NOTHROW(check_conflicts({}));
  CHECK_NOTHROW(check(kBase));
  CHECK_NOTHROW(check(TreeManifest(
      {entry("a", TreeEntryType::directory), entry("a/new", TreeEntryType::file, "x")})));
  // What is a hard link here and a file there has the same bytes.
  CHECK_NOTHROW(check(TreeManifest(
      {entry("a", TreeEntryType::directory), entry("a/other", TreeEntryType::file, "same")})));
}

TEST_CASE("check_conflicts: other bytes, types, modes or targets are named, with both contents") {
  const auto directory = entry("a", TreeEntryType::directory);
  const auto refusal = [&](TreeEntry second) {
    std::vector<TreeEntry> entries;
    if (second.path.str() != "a")
      entries.push_back(directory);
    entries.push_back(std::move(second));
    const auto error = failure([&] { check(TreeManifest(entries)); });
    CHECK(error.kind() == Kind::input);
    REQUIRE(error.details().size() == 2);
    return error;
  };
  const auto bytes = refusal(entry("a/file", TreeEntryType::file, "different"));
  CHECK(bytes.message() == "two layers disagree about 'a/file'");
  CHECK(bytes.details()[0] == cat("in base: a file of 4 bytes, mode 0644, ", sha256("same")));
  CHECK(bytes.details()[1] ==
        cat("in second: a file of 9 bytes, mode 0644, ", sha256("different")));

  CHECK(refusal(entry("a/file", TreeEntryType::symlink, "x")).details()[1] ==
        "in second: a symbolic link to 'x'");
  CHECK(refusal(entry("a/link", TreeEntryType::symlink, "x")).details()[0] ==
        "in base: a symbolic link to 'file'");
  CHECK(refusal(entry("a", TreeEntryType::symlink, "b")).details()[0] ==
        "in base: a directory, mode 0755");
  CHECK(refusal(entry("a/other", TreeEntryType::file, "changed")).message() ==
        "two layers disagree about 'a/other'");
  auto mode = entry("a/file", TreeEntryType::file, "same");
  mode.mode = 0755;
  CHECK_THAT(refusal(mode).details()[1], Catch::Contains("mode 0755"));
}

}  // namespace
}  // namespace cullet::image
