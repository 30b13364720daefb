// SPDX-License-Identifier: Apache-2.0
#include "cullet/archive/tar_writer.hpp"

#include <clocale>

#include "cullet/base/digest.hpp"

#include "golden.hpp"
#include "support.hpp"

namespace cullet::archive {
namespace {

const std::string kLatin1 = "caf\xe9";  // no UTF-8
const std::string kUtf8 =
    "F\xc5\x91"
    "tan\xc3\xba";  // a name as ca-certificates has one
const std::string kNewline = "two\nlines";

/// Everything the contract has to say something about.
std::vector<Item> contract_items() {
  const std::string deep = "deep/" + std::string(90, 'd') + "/" + std::string(90, 'e');
  std::vector<Item> items = {
      {other_entry("bin", EntryType::symlink, "usr/bin"), {}},
      {other_entry("data", EntryType::directory), {}},
      file_item("data/" + kLatin1, "latin"),
      file_item("data/" + kUtf8, "utf8"),
      file_item("data/empty", ""),
      {other_entry("data/hard", EntryType::hardlink, "data/empty"), {}},
      file_item("data/set", "#!", 04755),
      file_item("data/" + kNewline, "newline"),
      {other_entry("deep", EntryType::directory), {}},
      {other_entry("deep/" + std::string(90, 'd'), EntryType::directory), {}},
      file_item(deep, "split in two"),
      file_item("deep/" + std::string(180, 'f'), "too long for ustar"),
      file_item("deep/" + std::string(180, 'g') + kUtf8, "too long and not ASCII"),
      {other_entry("link", EntryType::symlink, std::string(300, 't')), {}},
      {other_entry("owned", EntryType::directory), {}},
      file_item("owned/id", "x"),
      file_item("zcap", "x", 0755),
  };
  items[14].entry.uid = items[14].entry.gid = 101;
  items[15].entry.uid = 3'000'000;
  items[15].entry.gid = 70'000;
  items[16].entry.xattrs = {{"security.capability", std::string("\1\0\0\2\0\4\0\0", 8)},
                            {"user.note", "b=c\n"}};
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.entry.path < b.entry.path;
  });
  return items;
}

bool same(const Entry& a, const Entry& b) {
  return a.path == b.path && a.type == b.type && a.mode == b.mode && a.uid == b.uid &&
         a.gid == b.gid && a.size == b.size && a.target == b.target && a.xattrs == b.xattrs;
}

TEST_CASE("TarWriter: the assembly contract's bytes") {
  check_golden("assembly-1-tar.sha256", sha256(tar_of(contract_items())).hex());
}

TEST_CASE("TarWriter: the bytes don't depend on the process's locale") {
  const auto want = tar_of(contract_items());
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* const locale : {"C.UTF-8", "de_DE.ISO-8859-1", "ja_JP.eucJP"}) {
    if (std::setlocale(LC_ALL, locale) == nullptr)
      continue;
    INFO(locale);
    CHECK((tar_of(contract_items()) == want));
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("TarWriter: Reader reads back what was written") {
  const auto items = contract_items();
  const auto got = items_of(tar_of(items));
  REQUIRE(got.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    INFO(items[i].entry.path.str());
    CHECK(same(got[i].entry, items[i].entry));
    CHECK(got[i].content == items[i].content);
  }
}

TEST_CASE("TarWriter: no time but 1980, no names of users, no padding") {
  const auto tar = tar_of({file_item("a", "x")});
  REQUIRE(tar.size() == 512 + 512 + 1024);
  CHECK(tar.substr(136, 11) == "02263523000");  // 315532800 = 1980-01-01T00:00:00Z
  CHECK(tar.substr(257, 8) == std::string("ustar\00000", 8));
  CHECK(tar.substr(265, 64) == std::string(64, '\0'));
  CHECK(tar.substr(1024) == std::string(1024, '\0'));
}

TEST_CASE("TarWriter: pax headers only where ustar can't say it") {
  const auto headers = [](const Item& item) { return tar_of({item}).find("PaxHeader"); };
  const auto none = std::string::npos;
  CHECK(headers(file_item(std::string(100, 'a'), "")) == none);
  CHECK(headers(file_item(std::string(101, 'a'), "")) != none);
  CHECK(headers(file_item(std::string(155, 'a') + "/" + std::string(100, 'b'), "")) == none);
  CHECK(headers(file_item(std::string(156, 'a') + "/" + std::string(100, 'b'), "")) != none);
  CHECK(headers(file_item(kUtf8, "")) == none);
  CHECK(headers(file_item(kLatin1, "")) == none);
  CHECK(headers({other_entry("a", EntryType::symlink, std::string(100, 't')), {}}) == none);
  CHECK(headers({other_entry("a", EntryType::symlink, std::string(101, 't')), {}}) != none);
  auto owned = file_item("a", "");
  owned.entry.uid = 262143;
  CHECK(headers(owned) == none);
  owned.entry.uid = 262144;
  CHECK(headers(owned) != none);
}

TEST_CASE("TarWriter: attributes are in star's form alone") {
  auto item = file_item("a", "");
  item.entry.xattrs = {{"user.note", "text"}};
  const auto tar = tar_of({item});
  CHECK(tar.find("SCHILY.xattr.user.note=text\n") != std::string::npos);
  CHECK(tar.find("LIBARCHIVE") == std::string::npos);
}

TEST_CASE("TarWriter: a size from 8 GiB on is in a pax record") {
  class Nothing final : public Source {
    std::size_t read(std::span<std::byte>) override { return 0; }
  };
  StringSink out;
  TarWriter writer(out);
  Nothing body;
  const std::uint64_t size = std::uint64_t{9} << 30U;
  const auto error = failure([&] { writer.add(file_entry("big", size), &body); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == "'big' ends 9663676416 bytes early");
  CHECK(out.text().find("19 size=9663676416\n") != std::string::npos);
}

TEST_CASE("TarWriter: a body that isn't as long as its entry says is refused") {
  StringSink out;
  for (const auto size : {0U, 3U, 5U}) {
    TarWriter writer(out);
    MemorySource body("four");
    const auto error = failure([&] { writer.add(file_entry("a", size), &body); });
    CHECK(error.kind() == Kind::machine);
    CHECK_THAT(error.message(), Catch::Contains(size == 5 ? "early" : "more than"));
    // The archive is spoilt then.
    CHECK(failure([&] { writer.finish(); }).kind() == Kind::internal);
  }
  TarWriter writer(out);
  CHECK(failure([&] { writer.add(file_entry("a", 1)); }).kind() == Kind::internal);
}

TEST_CASE("TarWriter: entries out of order are refused") {
  StringSink out;
  TarWriter writer(out);
  writer.add(other_entry("a", EntryType::directory));
  writer.add(file_entry("a-b"));
  writer.add(file_entry("a/b"));
  for (const char* const path : {"a/b", "a-b", "a/a"}) {
    const auto error = failure([&] { writer.add(file_entry(path)); });
    CHECK(error.kind() == Kind::internal);
    CHECK_THAT(error.message(), Catch::StartsWith("tar entries out of order"));
  }
  writer.add(file_entry("b"));  // the refused ones have left nothing behind
  writer.finish();
  CHECK(items_of(out.text()).size() == 4);
}

TEST_CASE("TarWriter: entries that mean something else when written are refused") {
  const auto refused = [](const Entry& entry) {
    StringSink out;
    TarWriter writer(out);
    const auto error = failure([&] { writer.add(entry); });
    CHECK(error.kind() == Kind::internal);
    CHECK(out.text().empty());
  };
  refused(other_entry("a", EntryType::symlink));
  refused(other_entry("a", EntryType::symlink, std::string("x\0y", 3)));
  refused(other_entry("a", EntryType::hardlink, "b"));
  refused(other_entry("a", EntryType::hardlink, "a"));
  auto entry = file_entry("a");
  entry.mode = 010000;
  refused(entry);
  entry = file_entry("a");
  entry.xattrs = {{"user.a=b", "x"}};
  refused(entry);
  entry = other_entry("a", EntryType::directory);
  entry.size = 1;
  refused(entry);
}

TEST_CASE("TarWriter: the sink's error comes out as it is, and destruction writes no end") {
  class Full final : public Sink {
    void write(Bytes) override { throw Error(Kind::machine, "no space left"); }
  };
  Full full;
  TarWriter writer(full);
  CHECK(failure([&] { writer.add(file_entry("a")); }).message() == "no space left");

  StringSink out;
  { TarWriter abandoned(out); }
  CHECK(out.text().empty());
}

/// The tests below ask other programs what they read.

TEST_CASE("TarWriter: GNU tar reads every name, target and content back") {
  const auto locale = GENERATE("C", "C.UTF-8");
  const auto tar = tar_of(contract_items());
  std::string names;
  for (const auto& item : contract_items())
    names += item.entry.path.str() + (item.entry.type == EntryType::directory ? "/\n" : "\n");
  const auto listed = run_tool({"tar", "-tf", "-", "--quoting-style=literal"}, tar, locale);
  if (!listed)
    return;
  INFO(listed->err);
  CHECK(listed->status.ok());
  CHECK(listed->out == names);
  const auto content =
      run_tool({"tar", "-xOf", "-", "data/" + kLatin1, "data/" + kUtf8}, tar, locale);
  CHECK(content->out == "utf8latin");
  const auto verbose = run_tool({"tar", "-tvf", "-", "--numeric-owner"}, tar, locale);
  CHECK_THAT(verbose->out,
             Catch::Contains("3000000/70000") && Catch::Contains("1980-01-01 00:00") &&
                 Catch::Contains("-> " + std::string(300, 't')));
}

TEST_CASE("TarWriter: bsdtar reads every name back") {
  const auto listed = run_tool({"bsdtar", "-tf", "-"}, tar_of(contract_items()));
  if (!listed)
    return;
  CHECK(listed->status.ok());
  CHECK_THAT(listed->out, Catch::Contains("data/" + kUtf8));
}

TEST_CASE("TarWriter: Python's tarfile reads every field back") {
  const auto script = R"(
import sys, tarfile
tar = tarfile.open(fileobj=sys.stdin.buffer, mode='r|', encoding='utf-8')
for e in tar:
    assert e.mtime == 315532800 and e.uname == '' and e.gname == '', e.name
    name = e.name.encode('utf-8', 'surrogateescape').hex()
    link = e.linkname.encode('utf-8', 'surrogateescape').hex()
    sys.stdout.write('%s %s %o %d %d %d %s\n' % (name, e.type.decode(), e.mode, e.uid, e.gid, e.size, link))
)";
  const auto read = run_tool({"python3", "-c", script}, tar_of(contract_items()));
  if (!read)
    return;
  INFO(read->err);
  CHECK(read->status.ok());
  const auto hex = [](std::string_view text) {
    std::string digits;
    for (const unsigned char c : text) {
      digits += "0123456789abcdef"[c >> 4U];
      digits += "0123456789abcdef"[c & 15U];
    }
    return digits;
  };
  std::string want;
  for (const auto& item : contract_items()) {
    const auto& entry = item.entry;
    const char type = entry.type == EntryType::directory  ? '5'
                      : entry.type == EntryType::symlink  ? '2'
                      : entry.type == EntryType::hardlink ? '1'
                                                          : '0';
    char mode[8];
    std::snprintf(mode, sizeof mode, "%o", entry.mode);
    want += cat(hex(entry.path.str()),
                ' ',
                type,
                ' ',
                mode,
                ' ',
                entry.uid,
                ' ',
                entry.gid,
                ' ',
                entry.size,
                ' ',
                hex(entry.target),
                '\n');
  }
  CHECK(read->out == want);
}

}  // namespace
}  // namespace cullet::archive
