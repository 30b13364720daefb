// SPDX-License-Identifier: Apache-2.0
#include "cullet/archive/reader.hpp"

#include <clocale>

#include "cullet/base/digest.hpp"

#include "raw_tar.hpp"
#include "support.hpp"

namespace cullet::archive {
namespace {

std::string tar_with(const RawEntry& entry) {
  return raw_entry({.name = "first", .content = "1"}) + raw_entry(entry) + end_of_archive();
}

Error refusal(const RawEntry& entry) {
  const auto error = failure([&] { (void)items_of(tar_with(entry)); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(), Catch::Contains("test.archive"));
  return error;
}

std::vector<std::string> paths_of(const std::vector<Item>& items) {
  std::vector<std::string> paths;
  for (const auto& item : items)
    paths.push_back(item.entry.path.str());
  return paths;
}

TEST_CASE("Reader: normalises names and skips the root's own entry") {
  const auto tar = raw_entry({.name = "./", .type = '5'}) + raw_entry({.name = ".", .type = '5'}) +
                   raw_entry({.name = "./a//b/", .type = '5'}) +
                   raw_entry({.name = "./a/./c", .content = "x"}) +
                   raw_entry({.name = "d", .type = '1', .link = "./a/c"}) + end_of_archive();
  const auto items = items_of(tar);
  CHECK(paths_of(items) == std::vector<std::string>{"a/b", "a/c", "d"});
  CHECK(items[2].entry.type == EntryType::hardlink);
  CHECK(items[2].entry.target == "a/c");
}

TEST_CASE("Reader: refuses names that lead out of the root") {
  for (const char* const name : {"/etc/passwd", "../x", "a/../../x", "a/..", "/", "/."}) {
    const auto error = refusal({.name = name, .content = "x"});
    CHECK(error.message() ==
          cat("test.archive: entry '", name, "' leads out of the archive's root"));
  }
}

TEST_CASE("Reader: refuses hard links that lead out of the root") {
  for (const char* const link : {"/etc/passwd", "../x", "a/../../x"})
    CHECK_THAT(refusal({.name = "h", .type = '1', .link = link}).message(),
               Catch::Contains("'h' is a hard link out of the archive's root"));
  CHECK_THAT(refusal({.name = "h", .type = '1', .link = "./"}).message(),
             Catch::Contains("is a hard link to the root"));
}

TEST_CASE("Reader: keeps symlinks' targets as they are") {
  for (const char* const link : {"/etc/passwd", "../../x", "a//b", "."}) {
    const auto items = items_of(tar_with({.name = "s", .type = '2', .link = link}));
    CHECK(items[1].entry.target == link);
  }
  CHECK_THAT(refusal({.name = "s", .type = '2'}).message(), Catch::Contains("without a target"));
}

TEST_CASE("Reader: refuses devices and fifos") {
  CHECK_THAT(refusal({.name = "dev", .type = '3'}).message(), Catch::Contains("'dev' is a device"));
  CHECK_THAT(refusal({.name = "dev", .type = '4'}).message(), Catch::Contains("is a device"));
  CHECK_THAT(refusal({.name = "pipe", .type = '6'}).message(), Catch::Contains("is a fifo"));
}

TEST_CASE("Reader: refuses a root that is no directory, and nameless entries") {
  CHECK_THAT(refusal({.name = ".", .content = "x"}).message(), Catch::Contains("no directory"));
  CHECK(refusal({.name = "", .content = "x"}).kind() == Kind::input);
}

TEST_CASE("Reader: refuses malformed headers") {
  auto tar = tar_with({.name = "a", .content = "x"});
  tar[1024 + 148] = '7';  // the second entry's checksum
  const auto error = failure([&] { (void)items_of(tar); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "test.archive is damaged or truncated");
  CHECK_THAT(error.details().at(1), Catch::Contains("at entry 'first'"));
  CHECK(failure([&] { (void)items_of("this is no archive at all"); }).kind() == Kind::input);
  CHECK(failure([&] { (void)items_of(""); }).kind() == Kind::input);
}

TEST_CASE("Reader: a reader that failed can't be read on") {
  const auto tar = tar_with({.name = "/x"}) + raw_entry({.name = "y"}) + end_of_archive();
  MemorySource source(tar);
  Reader reader(source, "test.archive", Format::tar);
  CHECK(reader.next());
  CHECK(failure([&] { (void)reader.next(); }).kind() == Kind::input);
  CHECK(failure([&] { (void)reader.next(); }).kind() == Kind::internal);
}

TEST_CASE("Reader: an empty archive has an end mark and no entries") {
  CHECK(items_of(end_of_archive()).empty());
  CHECK(items_of(std::string(10240, '\0')).empty());
}

TEST_CASE("Reader: what goes on long behind the end is not read to its own end") {
  const auto tar = raw_entry({.name = "a", .content = "x"}) + end_of_archive();
  CHECK(paths_of(items_of(tar + std::string(1U << 20U, '\0'))) == std::vector<std::string>{"a"});
  CHECK_THROWS_WITH(items_of(tar + std::string(5U << 20U, '\0')),
                    Catch::Contains("goes on for more than 4194304 bytes behind its end"));
}

TEST_CASE("Reader: skips pax global headers, as git archive writes them") {
  const auto tar = raw_entry({.name = "pax_global_header",
                              .type = 'g',
                              .content = pax_record("comment", std::string(40, 'a'))}) +
                   raw_entry({.name = "a", .content = "x"}) + end_of_archive();
  CHECK(paths_of(items_of(tar)) == std::vector<std::string>{"a"});
  const auto only =
      raw_entry({.name = "pax_global_header", .type = 'g', .content = pax_record("comment", "x")}) +
      end_of_archive();
  CHECK(items_of(only).empty());
}

TEST_CASE("Reader: long names, by pax and by GNU's own entries") {
  const std::string name = std::string(150, 'a') + "/" + std::string(150, 'b');
  const auto pax = raw_entry({.name = "x", .type = 'x', .content = pax_record("path", name)}) +
                   raw_entry({.name = "short", .content = "1"}) + end_of_archive();
  const auto gnu = raw_entry({.name = "././@LongLink", .type = 'L', .content = name + '\0'}) +
                   raw_entry({.name = "short", .content = "1"}) + end_of_archive();
  CHECK(paths_of(items_of(pax)) == std::vector<std::string>{name});
  CHECK(paths_of(items_of(gnu)) == std::vector<std::string>{name});
  // What the long form says is checked like the short.
  const auto hostile =
      raw_entry({.name = "x", .type = 'x', .content = pax_record("path", "../x")}) +
      raw_entry({.name = "short", .content = "1"}) + end_of_archive();
  CHECK_THAT(failure([&] { (void)items_of(hostile); }).message(),
             Catch::Contains("leads out of the archive's root"));
}

TEST_CASE("Reader: names are bytes, whatever pax and the locale say") {
  const std::string composed = "\xc3\xa9", decomposed = "e\xcc\x81", latin1 = "\xe9";
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* const locale : {"C", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, locale) == nullptr)
      continue;
    for (const auto& name : {composed, decomposed, latin1}) {
      const auto pax = raw_entry({.name = "x", .type = 'x', .content = pax_record("path", name)}) +
                       raw_entry({.name = "short"}) + end_of_archive();
      CHECK(paths_of(items_of(pax)) == std::vector<std::string>{name});
      CHECK(paths_of(items_of(raw_entry({.name = name}) + end_of_archive())) ==
            std::vector<std::string>{name});
    }
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("Reader: sparse files unfold to their full size, within the limits") {
  // GNU's pax form 1.0: the map is in front of the data.
  std::string map = "1\n1000\n3\n";
  map.resize(512);
  const auto sparse = [&](const std::string& size) {
    return raw_entry({.name = "x",
                      .type = 'x',
                      .content = pax_record("GNU.sparse.major", "1") +
                                 pax_record("GNU.sparse.minor", "0") +
                                 pax_record("GNU.sparse.name", "holes") +
                                 pax_record("GNU.sparse.realsize", size)}) +
           raw_entry({.name = "GNUSparseFile.0/holes", .content = map + "abc"}) + end_of_archive();
  };
  const auto items = items_of(sparse("2000"));
  CHECK(items[0].entry.path.str() == "holes");
  CHECK(items[0].content == std::string(1000, '\0') + "abc" + std::string(997, '\0'));
  const auto error = failure([&] { (void)items_of(sparse("9000000000000000000")); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(), Catch::Contains("unfolds to more than"));
}

TEST_CASE("Reader: holds archives to their limits") {
  const auto tar = tar_of({file_item("a", "12345"), file_item("bb", "67890")});
  CHECK(items_of(tar, Format::tar, {.bytes = 10, .entries = 2, .path_length = 2}).size() == 2);
  const auto message = [&](const Limits& limits) {
    const auto error = failure([&] { (void)items_of(tar, Format::tar, limits); });
    CHECK(error.kind() == Kind::input);
    return error.message();
  };
  CHECK(message({.bytes = 9}) == "test.archive unfolds to more than 9 bytes");
  CHECK(message({.entries = 1}) == "test.archive holds more than 1 entries");
  CHECK(message({.names = 2}) == "test.archive has more than 2 bytes of paths and attributes");
  CHECK(items_of(tar, Format::tar, {.names = 3}).size() == 2);
  CHECK(message({.path_length = 1}) == "test.archive: entry 'bb' has a path longer than 1 bytes");
}

TEST_CASE("Reader: a bomb of what is no content ends at the limits too") {
  // A gigabyte of zeros behind the end, in a few kilobytes.
  StringSink out;
  const auto compressor = compress({}, out, 1);
  compressor->write(as_bytes(tar_of({file_item("a", "x")})));
  const std::string zeros(1U << 20U, '\0');
  for (int i = 0; i < 64; ++i)
    compressor->write(as_bytes(zeros));
  compressor->finish();
  const Limits small{.bytes = 1000, .entries = 10};
  const auto error = failure([&] { (void)items_of(out.text(), Format::tar, small); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(), Catch::Contains("unfolds to more than"));
}

TEST_CASE("Reader: what is unread is skipped") {
  const auto tar = tar_of({file_item("a", sample(100000)), file_item("b", "two")});
  MemorySource source(tar);
  Reader reader(source, "test.archive", Format::tar);
  CHECK(reader.next()->path.str() == "a");
  std::vector<std::byte> some(10);
  CHECK(reader.body().read(some) == 10);
  CHECK(reader.next()->path.str() == "b");
  CHECK(read_all(reader.body(), 10, "b") == "two");
  CHECK(reader.mtime() == 315532800);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.next());
}

TEST_CASE("Reader: compressed tars") {
  const auto tar = tar_of({file_item("a", "one")});
  for (const auto algorithm : {Algorithm::gzip, Algorithm::zstd})
    CHECK(items_of(compressed(tar, {algorithm, 3}))[0].content == "one");
  for (const char* const tool : {"xz", "bzip2"})
    if (const auto packed = run_tool({tool, "-c"}, tar))
      CHECK(items_of(packed->out)[0].content == "one");
}

TEST_CASE("Reader: reads its source to the end, so that a verifying one gets to speak") {
  const auto bytes = tar_of({file_item("a", "one")}) + std::string(20480, '\0');
  MemorySource inner(bytes);
  VerifyingSource wrong(inner, sha256("something else"), bytes.size());
  const auto error = failure([&] {
    Reader reader(wrong, "test.archive", Format::tar);
    while (reader.next()) {
    }
  });
  CHECK(error.kind() == Kind::refused);
}

TEST_CASE("Reader: the source's own error comes out as it is") {
  class Broken final : public Source {
    std::size_t read(std::span<std::byte>) override {
      throw Error(Kind::machine, "the line is dead").hint("plug it in");
    }
  };
  Broken broken;
  const auto error = failure([&] {
    Reader reader(broken, "test.archive", Format::tar);
    (void)reader.next();
  });
  CHECK(error.message() == "the line is dead");
  CHECK(error.hints().size() == 1);
}

std::string ar_member(const std::string& name, const std::string& content) {
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
  return header + content + (content.size() % 2 == 1 ? "\n" : "");
}

TEST_CASE("Reader: ar, with and without a slash behind the names") {
  for (const char* const slash : {"", "/"}) {
    const auto ar = "!<arch>\n" + ar_member(std::string("debian-binary") + slash, "2.0\n") +
                    ar_member(std::string("control.tar.xz") + slash, "odd") +
                    ar_member(std::string("data.tar.xz") + slash, "data");
    const auto items = items_of(ar, Format::ar);
    CHECK(paths_of(items) ==
          std::vector<std::string>{"debian-binary", "control.tar.xz", "data.tar.xz"});
    CHECK(items[1].content == "odd");
    CHECK(items[2].content == "data");
  }
  const auto error =
      failure([&] { (void)items_of("!<arch>\n" + ar_member("../x", "y"), Format::ar); });
  CHECK(error.kind() == Kind::input);
}

TEST_CASE("Reader: refuses formats that weren't asked for") {
  const auto ar = "!<arch>\n" + ar_member("a", "x");
  const auto tar = tar_of({file_item("a", "x")});
  CHECK(failure([&] { (void)items_of(ar, Format::tar); }).kind() == Kind::input);
  CHECK(failure([&] { (void)items_of(tar, Format::ar); }).kind() == Kind::input);
  CHECK(failure([&] {
          (void)items_of("PK\x05\x06" + std::string(18, '\0'), Format::tar);
        }).kind() == Kind::input);
}

}  // namespace
}  // namespace cullet::archive
