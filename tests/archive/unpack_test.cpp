// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/archive/reader.hpp"

#include "raw_tar.hpp"
#include "support.hpp"

namespace cullet::archive {
namespace {

/// A root to unpack into, and a directory beside it that nothing may reach.
class Room {
 public:
  Room() : directory_(temporary_parent(), "unpack") {
    std::filesystem::create_directory(root());
    std::filesystem::create_directory(outside());
    replace_file(outside() / "precious", "untouched");
  }
  [[nodiscard]] std::filesystem::path root() const { return directory_.path() / "root"; }
  [[nodiscard]] std::filesystem::path outside() const { return directory_.path() / "outside"; }

  std::uint64_t unpack(std::string_view tar, const Rewrite& rewrite = nullptr) const {
    MemorySource source(tar);
    Reader reader(source, "test.archive", Format::tar);
    const auto fd = open_directory(root());
    return archive::unpack(reader, fd.get(), rewrite);
  }
  [[nodiscard]] std::string content(const char* path) const {
    return read_file(root() / path, 1U << 20U);
  }
  [[nodiscard]] struct stat status(const std::filesystem::path& path) const {
    struct stat result {};
    REQUIRE(::lstat((root() / path).c_str(), &result) == 0);
    return result;
  }
  [[nodiscard]] bool outside_is_intact() const {
    return read_file(outside() / "precious", 100) == "untouched" &&
           list_directory(open_directory(outside()).get(), "outside").size() == 1;
  }

 private:
  TemporaryDirectory directory_;
};

std::string raw(const std::vector<RawEntry>& entries) {
  std::string tar;
  for (const auto& entry : entries)
    tar += raw_entry(entry);
  return tar + end_of_archive();
}

TEST_CASE("unpack: files, directories and links, with plain modes under any umask") {
  const auto mask = GENERATE(mode_t{000}, mode_t{022}, mode_t{077}, mode_t{0777});
  const Room room;
  auto secret = file_item("a/secret", "s", 0);
  auto owned = file_item("a/suid", "#!", 06711);
  owned.entry.uid = 12345;
  const auto tar = tar_of({{other_entry("a", EntryType::directory), {}},
                           secret,
                           owned,
                           {other_entry("a/t", EntryType::symlink, "/nowhere"), {}},
                           {other_entry("z", EntryType::hardlink, "a/suid"), {}}});
  const auto before = ::umask(mask);
  const auto count = room.unpack(tar);
  ::umask(before);
  CHECK(count == 5);
  CHECK((room.status("a").st_mode & 07777U) == 0755);
  CHECK((room.status("a/secret").st_mode & 07777U) == 0600);
  CHECK((room.status("a/suid").st_mode & 07777U) == 0711);
  CHECK(room.status("a/suid").st_uid == ::geteuid());
  CHECK(room.status("a/suid").st_nlink == 2);
  CHECK(room.status("z").st_ino == room.status("a/suid").st_ino);
  CHECK(std::filesystem::read_symlink(room.root() / "a/t") == "/nowhere");
}

TEST_CASE("unpack: makes the parents that the archive leaves out") {
  const Room room;
  room.unpack(raw({{.name = "a/b/c", .content = "x"}, {.name = "a/b/d/", .type = '5'}}));
  CHECK(room.content("a/b/c") == "x");
  CHECK((room.status("a/b").st_mode & 07777U) == 0755);
}

TEST_CASE("unpack: a symlink in the archive is no way out") {
  const std::vector<std::string> targets = {"../outside", "OUTSIDE", "inner"};
  for (auto target : targets) {
    const Room room;
    if (target == "OUTSIDE")
      target = room.outside().string();
    const auto error = failure([&] {
      room.unpack(raw({{.name = "inner/", .type = '5'},
                       {.name = "s", .type = '2', .link = target},
                       {.name = "s/precious", .content = "overwritten"}}));
    });
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() == "the archive puts something below 's', which is no directory");
    CHECK(room.outside_is_intact());
  }
}

TEST_CASE("unpack: nor is one deeper down, nor a hard link through one") {
  const Room room;
  CHECK(failure([&] {
          room.unpack(raw({{.name = "a/s", .type = '2', .link = "../../outside"},
                           {.name = "a/s/x/y", .content = "z"}}));
        }).message() == "the archive puts something below 'a/s', which is no directory");
  CHECK(failure([&] {
          room.unpack(raw({{.name = "l", .type = '2', .link = "../outside"},
                           {.name = "h", .type = '1', .link = "l/precious"}}));
        }).kind() == Kind::input);
  CHECK(failure([&] {
          room.unpack(raw({{.name = "t", .type = '2', .link = "../outside/precious"},
                           {.name = "h", .type = '1', .link = "t"}}));
        }).message() == "the archive links 'h' to 't', which is no file in it");
  CHECK(failure([&] { room.unpack(raw({{.name = "h", .type = '1', .link = "absent"}})); }).kind() ==
        Kind::input);
  CHECK(failure([&] {
          room.unpack(raw({{.name = "h", .type = '1', .link = "no/such"}}));
        }).kind() == Kind::input);
  CHECK(room.outside_is_intact());
}

TEST_CASE("unpack: a file replaces a file, leaving the old one's other names alone") {
  const Room room;
  room.unpack(raw({{.name = "a", .content = "old"},
                   {.name = "b", .type = '1', .link = "a"},
                   {.name = "a", .content = "new"}}));
  CHECK(room.content("a") == "new");
  CHECK(room.content("b") == "old");
}

TEST_CASE("unpack: a file over a symlink of any age throws and follows nothing") {
  const Room room;
  std::filesystem::create_symlink(room.outside() / "precious", room.root() / "s");
  const auto error = failure([&] { room.unpack(raw({{.name = "s", .content = "x"}})); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "the archive holds 's' twice, as different types");
  CHECK(room.outside_is_intact());
}

TEST_CASE("unpack: equal types merge or replace, different ones throw") {
  const std::vector<RawEntry> kinds = {{.name = "x", .content = "file"},
                                       {.name = "x", .type = '5'},
                                       {.name = "x", .type = '2', .link = "target"}};
  for (const auto& first : kinds)
    for (const auto& second : kinds) {
      const Room room;
      const auto tar = raw({first, second});
      INFO(first.type << second.type);
      if (first.type == second.type)
        CHECK(room.unpack(tar) == 2);
      else
        CHECK(failure([&] { room.unpack(tar); }).kind() == Kind::input);
    }
}

TEST_CASE("unpack: a hard link to itself, and one over its own other name, change nothing") {
  const Room room;
  room.unpack(raw({{.name = "a", .content = "x"},
                   {.name = "a", .type = '1', .link = "a"},
                   {.name = "b", .type = '1', .link = "a"},
                   {.name = "b", .type = '1', .link = "a"}}));
  CHECK(room.content("a") == "x");
  CHECK(room.status("a").st_nlink == 2);
}

TEST_CASE("unpack: a part of a path that no file system takes is the archive's fault") {
  const Room room;
  const auto tar = tar_of({file_item(std::string(300, 'n'), "x")});
  const auto error = failure([&] { room.unpack(tar); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(), Catch::Contains(std::string(300, 'n')));
}

TEST_CASE("unpack: rewriting renames and leaves out") {
  const Room room;
  const auto count = room.unpack(raw({{.name = "bin/sh", .content = "#!"}, {.name = "doc/x"}}),
                                 [](Entry entry) -> std::optional<Entry> {
                                   if (entry.path.str().starts_with("doc"))
                                     return std::nullopt;
                                   entry.path = *RelativePath::parse("usr/" + entry.path.str());
                                   return entry;
                                 });
  CHECK(count == 1);
  CHECK(room.content("usr/bin/sh") == "#!");
  CHECK_FALSE(std::filesystem::exists(room.root() / "doc"));
}

}  // namespace
}  // namespace cullet::archive
