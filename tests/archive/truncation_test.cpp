// SPDX-License-Identifier: Apache-2.0
// Archives cut at every interesting point: none may pass for a shorter one.
#include <algorithm>

#include "cullet/archive/reader.hpp"
#include "cullet/base/digest.hpp"

#include "raw_tar.hpp"
#include "support.hpp"

namespace cullet::archive {
namespace {

std::string whole_tar() {
  auto owned = file_item("owned", "x");
  owned.entry.xattrs = {{"user.note", "text"}};
  return tar_of({{other_entry("dir", EntryType::directory), {}},
                 file_item("dir/a", sample(3000)),
                 file_item("dir/" + std::string(200, 'l'), "long name"),
                 file_item("empty", ""),
                 {other_entry("link", EntryType::symlink, "dir/a"), {}},
                 owned,
                 file_item("zeros", std::string(4096, '\0'))});
}

void check_cut(std::string_view whole, std::size_t size, Format format) {
  INFO("cut at " << size << " of " << whole.size());
  const auto error = failure([&] { (void)items_of(whole.substr(0, size), format); });
  CHECK(error.kind() == Kind::input);
}

TEST_CASE("Reader: a tar cut anywhere before its end mark is over throws") {
  const auto tar = whole_tar();
  CHECK(items_of(tar).size() == 7);
  for (std::size_t size = 0; size < tar.size(); size += 64)
    check_cut(tar, size, Format::tar);
  for (std::size_t size = 512; size <= tar.size(); size += 512)
    for (const std::size_t around : {size - 1, size + 1})
      if (around < tar.size())
        check_cut(tar, around, Format::tar);
  // Padding behind the end mark may be cut.
  CHECK(items_of(tar + std::string(9000, '\0')).size() == 7);
}

TEST_CASE("Reader: a tar whose end mark is missing or half throws") {
  const auto body = raw_entry({.name = "zeros", .content = std::string(2048, '\0')});
  const auto error = failure([&] { (void)items_of(body); });
  CHECK(error.message() == "test.archive is damaged or truncated");
  CHECK(error.details() == std::vector<std::string>{"tar: the end-of-archive mark is missing"});
  CHECK(failure([&] { (void)items_of(body + std::string(512, '\0')); }).kind() == Kind::input);
  CHECK(items_of(body + std::string(1024, '\0')).size() == 1);
}

TEST_CASE("Reader: extension headers with nothing behind them throw") {
  const auto pax = raw_entry({.name = "x", .type = 'x', .content = pax_record("path", "a")});
  const auto gnu = raw_entry({.name = "././@LongLink", .type = 'L', .content = "name"});
  const auto entry = raw_entry({.name = "a", .content = "x"});
  for (const auto& last : {pax, gnu}) {
    CHECK(failure([&] { (void)items_of(entry + last); }).kind() == Kind::input);
    CHECK(failure([&] { (void)items_of(last); }).kind() == Kind::input);
  }
}

TEST_CASE("Reader: a compressed tar cut anywhere throws") {
  const auto tar = whole_tar();
  std::vector<std::string> archives = {compressed(tar, {Algorithm::zstd, 3}),
                                       compressed(tar, {Algorithm::gzip, 6})};
  for (const char* const tool : {"xz", "bzip2"})
    if (const auto packed = run_tool({tool, "-c"}, tar))
      archives.push_back(packed->out);
  for (const auto& archive : archives) {
    REQUIRE(items_of(archive).size() == 7);
    for (std::size_t size = 1; size < archive.size(); ++size)
      check_cut(archive, size, Format::tar);
  }
}

TEST_CASE("Reader: damage in a compressed tar's last bytes is seen") {
  const auto tar = whole_tar();
  auto gzip = compressed(tar, {Algorithm::gzip, 6});
  gzip[gzip.size() - 5] = static_cast<char>(gzip[gzip.size() - 5] ^ 0x40);
  CHECK(failure([&] { (void)items_of(gzip); }).kind() == Kind::input);
}

TEST_CASE("Reader: an ar cut within a member throws") {
  const auto member = [](const std::string& name, const std::string& content) {
    char header[61];
    std::snprintf(header,
                  sizeof header,
                  "%-16s%-12s%-6s%-6s%-8s%-10zu`\n",
                  name.c_str(),
                  "0",
                  "0",
                  "0",
                  "100644",
                  content.size());
    return header + content;
  };
  const auto first = "!<arch>\n" + member("a", "0123456789");
  const auto whole = first + member("b", "9876543210");
  CHECK(items_of(whole, Format::ar).size() == 2);
  for (std::size_t size = 0; size < whole.size(); ++size)
    // ar has no end mark: between two members, a cut looks like an end.
    if (size != first.size() && size != 8)
      check_cut(whole, size, Format::ar);
}

}  // namespace
}  // namespace cullet::archive
