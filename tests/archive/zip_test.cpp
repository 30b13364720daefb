// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <clocale>

#include "cullet/archive/reader.hpp"

#include "support.hpp"

namespace cullet::archive {
namespace {

struct ZipEntry {
  std::string name;
  std::string content;
  std::uint32_t unix_mode = 0;  ///< 0: made on a system without modes
  bool utf8 = false;            ///< says so of its name
};

std::uint32_t crc32_of(std::string_view text) {
  std::uint32_t crc = 0xffffffffU;
  for (const unsigned char c : text) {
    crc ^= c;
    for (int i = 0; i < 8; ++i)
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

std::string little(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = 0; i < bytes; ++i)
    text += static_cast<char>((value >> (8 * i)) & 0xffU);
  return text;
}

/// A zip of stored entries (APPNOTE.TXT sections 4.3.7, 4.3.12 and 4.3.16).
std::string zip_of(const std::vector<ZipEntry>& entries) {
  std::string body, directory;
  for (const auto& entry : entries) {
    const auto size = little(entry.content.size(), 4);
    const auto common = little(entry.utf8 ? 0x800 : 0, 2) + little(0, 2) + little(0, 2) +
                        little(0x21, 2) + little(crc32_of(entry.content), 4) + size + size +
                        little(entry.name.size(), 2) + little(0, 2);
    const unsigned made_by = entry.unix_mode != 0 ? 0x031e : 0x0014;
    directory += "PK\x01\x02" + little(made_by, 2) + little(10, 2) + common + little(0, 2) +
                 little(0, 2) + little(0, 2) +
                 little(static_cast<std::uint64_t>(entry.unix_mode) << 16U, 4) +
                 little(body.size(), 4) + entry.name;
    body += "PK\x03\x04" + little(10, 2) + common + entry.name + entry.content;
  }
  return body + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) +
         little(entries.size(), 2) + little(directory.size(), 4) + little(body.size(), 4) +
         little(0, 2);
}

TEST_CASE("Reader: zip with modes and symlinks") {
  const auto items = items_of(zip_of({{"dir/", "", 040755},
                                      {"dir/run", "#!/bin/sh\n", 0100755},
                                      {"dir/text", "text", 0100644},
                                      {"link", "dir/run", 0120777}}),
                              Format::tar_or_zip);
  REQUIRE(items.size() == 4);
  CHECK(items[0].entry.type == EntryType::directory);
  CHECK(items[1].entry.mode == 0755);
  CHECK(items[1].content == "#!/bin/sh\n");
  CHECK(items[2].entry.mode == 0644);
  CHECK(items[3].entry.type == EntryType::symlink);
  CHECK(items[3].entry.target == "dir/run");
}

TEST_CASE("Reader: zip without modes") {
  const auto items = items_of(zip_of({{"dir/", ""}, {"dir/text", "text"}}), Format::tar_or_zip);
  REQUIRE(items.size() == 2);
  CHECK(items[0].entry.type == EntryType::directory);
  CHECK((items[1].entry.mode & 0111U) == 0);
  CHECK((items[1].entry.mode & 0600U) == 0600);
  CHECK(items[1].content == "text");
}

TEST_CASE("Reader: a zip's names are the same bytes in every locale") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* const locale : {"C", "C.UTF-8", ""}) {
    INFO("locale '" << locale << "'");
    if (std::setlocale(LC_ALL, locale) == nullptr)
      continue;
    const auto items = items_of(zip_of({{"caf\xc3\xa9", "1", 0100644, true},
                                        {"caf\xc3\xa8", "2", 0100644, true},
                                        {"\xe6\x97\xa5/\xe6\x9c\xac", "3", 0100644, true},
                                        {"caf\xe9", "4", 0100644, false}}),
                                Format::tar_or_zip);
    REQUIRE(items.size() == 4);
    CHECK(items[0].entry.path.str() == "caf\xc3\xa9");
    CHECK(items[1].entry.path.str() == "caf\xc3\xa8");
    CHECK(items[1].content == "2");
    CHECK(items[2].entry.path.str() == "\xe6\x97\xa5/\xe6\x9c\xac");
    CHECK(items[3].entry.path.str() == "caf\xe9");
    const auto error = failure([&] {
      (void)items_of(zip_of({{"caf\xe9", "x", 0100644, true}}), Format::tar_or_zip);
    });
    CHECK(error.kind() == Kind::input);
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("Reader: tar_or_zip takes tars as well") {
  CHECK(items_of(tar_of({file_item("a", "x")}), Format::tar_or_zip).size() == 1);
  CHECK(items_of(compressed(tar_of({file_item("a", "x")}), {}), Format::tar_or_zip).size() == 1);
}

TEST_CASE("Reader: zip entries that lead out of the root are refused") {
  for (const char* const name : {"../x", "/etc/passwd", "a/../../x"}) {
    const auto error = failure([&] {
      (void)items_of(zip_of({{name, "x", 0100644}}), Format::tar_or_zip);
    });
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::Contains("leads out of the archive's root"));
  }
}

TEST_CASE("Reader: wrong content in a zip is damage, read or skipped over") {
  auto zip = zip_of({{"a", "some content", 0100644}, {"b", "x", 0100644}});
  zip[zip.find("some content")] = 'S';
  const auto error = failure([&] { (void)items_of(zip, Format::tar_or_zip); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "test.archive is damaged or truncated");
}

TEST_CASE("Reader: a zip cut anywhere throws") {
  const auto zip = zip_of({{"a", "some content", 0100644}, {"b", "x", 0100644}});
  for (std::size_t size = 0; size < zip.size(); ++size) {
    INFO("cut at " << size);
    CHECK(failure([&] {
            (void)items_of(std::string_view(zip).substr(0, size), Format::tar_or_zip);
          }).kind() == Kind::input);
  }
}

TEST_CASE("Reader: zip's own limits hold") {
  const auto zip = zip_of({{"a", "12345", 0100644}, {"b", "67890", 0100644}});
  CHECK(failure([&] { (void)items_of(zip, Format::tar_or_zip, {.bytes = 9}); }).message() ==
        "test.archive unfolds to more than 9 bytes");
}

TEST_CASE("Reader: a zip made by zip(1)") {
  const TemporaryDirectory room(temporary_parent(), "zip");
  replace_file(room.path() / "run", "#!/bin/sh\necho yes\n", 0755);
  std::filesystem::create_symlink("run", room.path() / "link");
  const auto made = run_tool(
      {"sh",
       "-c",
       "command -v zip >/dev/null || exit 9; cd \"$0\" && zip -qy x.zip run link && cat x.zip",
       room.path().string()},
      "");
  if (made->status.code == 9) {
    WARN("skipped: zip is not installed");
    return;
  }
  INFO(made->err << made->status.str());
  REQUIRE(made->status.ok());
  const auto items = items_of(made->out, Format::tar_or_zip);
  REQUIRE(items.size() == 2);
  CHECK(items[0].entry.mode == 0755);
  CHECK(items[0].content == "#!/bin/sh\necho yes\n");
  CHECK(items[1].entry.target == "run");
}

}  // namespace
}  // namespace cullet::archive
