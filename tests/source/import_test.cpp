// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <ctime>
#include <limits>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "cullet/archive/tar_writer.hpp"

#include "fixture.hpp"
#include "support/string_sink.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;
using archive::Entry;
using archive::EntryType;
namespace fs = std::filesystem;

namespace {

struct Item {
  std::string path, content;
  EntryType type = EntryType::file;
  std::uint32_t mode = 0644;
};

std::string tar(const std::vector<Item>& items) {
  StringSink out;
  archive::TarWriter writer(out);
  for (const auto& item : items) {
    Entry entry{.path = *RelativePath::parse(item.path),
                .type = item.type,
                .mode = item.mode,
                .target = {},
                .xattrs = {}};
    if (item.type == EntryType::file)
      entry.size = item.content.size();
    else
      entry.target = item.content;
    MemorySource body(item.content);
    writer.add(entry, item.type == EntryType::file ? &body : nullptr);
  }
  writer.finish();
  return std::move(out).text();
}

struct ImportFixture : Fixture {
  workspace::Fork importing(std::string_view bytes, const std::string& name = "x.tar") const {
    spew(path("ws") / name, bytes);
    workspace::Fork fork;
    fork.name = "demo";
    fork.commit = std::string(40, '0');
    fork.import = workspace::Archive{};
    fork.import->name = name;
    fork.import->sha256 = sha256(bytes);
    fork.import->from = {name};
    return fork;
  }
  std::string refusal(std::string_view bytes) const {
    return error_of(Kind::input, [&] { import_archive(context(), importing(bytes)); });
  }
};

const std::vector<Item> kItems = {{"x-1.0", "", EntryType::directory, 0755},
                                  {"x-1.0/README", "hi\n"},
                                  {"x-1.0/again", "x-1.0/README", EntryType::hardlink},
                                  {"x-1.0/configure", "#!/bin/sh\n", EntryType::file, 0755},
                                  {"x-1.0/empty", "", EntryType::directory, 0755},
                                  {"x-1.0/group-only", "x", EntryType::file, 0654},
                                  {"x-1.0/link", "README", EntryType::symlink, 0777},
                                  {"x-1.0/src/a.c", "int a;\n"}};

// Made once by this rule, and checked with git by hand: it may never change (import: 1).
const std::string kGolden = "449ef5e0df69bffbe9e76ae6875d3c2ee0cb37cb";

}  // namespace

TEST_CASE("import_archive: gives the same commit always, everywhere") {
  const auto bytes = tar(kItems);
  for (const auto* zone : {"UTC", "Asia/Kathmandu", "America/New_York"}) {
    ImportFixture f;
    ::setenv("TZ", zone, 1);
    ::tzset();
    const auto before = ::umask(zone[0] == 'U' ? 0 : 077);
    const auto got = import_archive(f.context(), f.importing(bytes));
    ::umask(before);
    ::unsetenv("TZ");
    ::tzset();
    CHECK(got == kGolden);
  }
}

TEST_CASE("import_archive: neither name, compression nor order matter; git finds it sound") {
  ImportFixture f;
  const auto fork = f.importing(tar(kItems), "renamed.bin");
  CHECK(import_archive(f.context(), fork) == kGolden);
  fs::path mirror;
  for (const auto& entry : fs::directory_iterator(f.store.forks_directory()))
    if (entry.path().extension() == ".git")
      mirror = entry.path();
  GitRepo const check(f.path("check"));
  CHECK_NOTHROW(check.git({"-C", mirror.string(), "fsck", "--strict", "--full"}));
  CHECK(check.git({"-C",
                   mirror.string(),
                   "ls-tree",
                   "-r",
                   "--format=%(objectmode) %(path)",
                   "refs/heads/import"}) ==
        "100644 README\n100644 again\n100755 configure\n100644 group-only\n120000 link\n100644 "
        "src/a.c");
  CHECK(check.git({"-C",
                   mirror.string(),
                   "log",
                   "--format=%an <%ae> %ad|%cn <%ce> %cd|%P|%B",
                   "--date=raw",
                   "refs/heads/import"}) ==
        "cullet import <import@cullet.invalid> 315532800 +0000|cullet import "
        "<import@cullet.invalid> 315532800 "
        "+0000||import " +
            fork.import->sha256.str() + "\n");
}

TEST_CASE("ensure_pin: an import that is the pin is cloned like any fork; another names both") {
  ImportFixture f;
  auto fork = f.importing(tar(kItems));
  const auto text = error_of(Kind::input, [&] { ensure_pin(f.context(), fork); });
  CHECK_THAT(text, Catch::Contains("gives commit " + kGolden));
  CHECK_THAT(text, Catch::Contains("the pin is 0000000000000000000000000000000000000000"));
  CHECK_THAT(text, Catch::Contains("hint: put commit " + kGolden + " in as the pin"));
  fork.commit = kGolden;
  const auto info = ensure_pin(f.context(), fork);
  CHECK(info.committer_time == 315532800);
  fs::remove(f.path("ws/x.tar"));
  CHECK(ensure_pin(f.context(), fork).commit == kGolden);
  const auto tree = prepare(f.context(), fork);
  CHECK(slurp(tree.root / "src/a.c") == "int a;\n");
  CHECK_FALSE(fs::exists(tree.root / "empty"));
}

TEST_CASE("import_archive: the archive stays in the store until it was not used for a while") {
  ImportFixture f;
  const auto fork = f.importing(tar(kItems));
  import_archive(f.context(), fork);
  f.store.collect(0, f.cancel);
  CHECK(f.store.has_blob(BlobDigest(fork.import->sha256)));
  f.store.collect(std::numeric_limits<std::int64_t>::max(), f.cancel);
  CHECK_FALSE(f.store.has_blob(BlobDigest(fork.import->sha256)));
}

TEST_CASE("import_archive: a single top-level directory goes, two stay") {
  ImportFixture f;
  const auto one = f.importing(tar({{"a/x", "x"}}), "one");
  const auto none = f.importing(tar({{"x", "x"}}), "none");
  const auto two = f.importing(tar({{"a/x", "x"}, {"b", "", EntryType::directory, 0755}}), "two");
  GitRepo const check(f.path("check"));
  const auto tree_of = [&](const workspace::Fork& fork) {
    auto pinned = fork;
    pinned.commit = import_archive(f.context(), fork);
    static_cast<void>(ensure_pin(f.context(), pinned));
    return listing(prepare(f.context(), pinned).root);
  };
  CHECK(tree_of(one) == tree_of(none));
  CHECK_THAT(tree_of(two), Catch::StartsWith("a/\na/x "));
}

TEST_CASE("import_archive: refuses what git can't hold") {
  ImportFixture f;
  CHECK_THAT(f.refusal(tar({{"a", "", EntryType::directory, 0755}})),
             Catch::Contains("holds no files"));
  CHECK_THAT(f.refusal(tar({{"a/.git/config", "x"}, {"a/x", "x"}})),
             Catch::Contains("can't be in a git tree: '.git'"));
  CHECK_THAT(f.refusal(tar({{"a", "x"}, {"a/x", "x"}})),
             Catch::Contains("both a directory and a file"));
  const auto whole = tar(kItems);
  static_cast<void>(f.refusal(whole.substr(0, 2000)));
}

TEST_CASE(
    "import_archive: other bytes than the sha256 says are refused, and the next place is tried") {
  ImportFixture f;
  auto fork = f.importing(tar(kItems));
  spew(f.path("ws/bad.tar"), "other bytes");
  fork.import->from = {"bad.tar"};
  static_cast<void>(error_of(Kind::refused, [&] { import_archive(f.context(), fork); }));
  fork.import->from = {"bad.tar", "none.tar", "x.tar"};
  CHECK(import_archive(f.context(), fork) == kGolden);
}

TEST_CASE("import_archive: places that don't have it are all named") {
  ImportFixture f;
  auto fork = f.importing(tar(kItems));
  fs::remove(f.path("ws/x.tar"));
  fork.import->from = {"x.tar", "file://" + f.path("none").string(), "debian-source"};
  fork.import->path = "pool/main/x/x.tar";
  const auto text = error_of(Kind::machine, [&] { import_archive(f.context(), fork); });
  CHECK_THAT(text, Catch::Contains("there is no file x.tar in the workspace"));
  CHECK_THAT(text, Catch::Contains("no Debian mirror is configured"));
  auto context = f.context();
  context.mirrors = {"file://" + f.path("debian/").string()};
  spew(f.path("debian/pool/main/x/x.tar"), tar(kItems));
  CHECK(import_archive(context, fork) == kGolden);
}

TEST_CASE("import_archive: a path can't leave the workspace") {
  ImportFixture f;
  auto fork = f.importing(tar(kItems));
  fs::rename(f.path("ws/x.tar"), f.path("x.tar"));
  fork.import->from = {"../x.tar"};
  CHECK_THROWS_AS(import_archive(f.context(), fork), Error);
  fs::create_symlink(f.path("x.tar"), f.path("ws/x.tar"));
  fork.import->from = {"x.tar"};
  CHECK_THROWS_AS(import_archive(f.context(), fork), Error);
}

TEST_CASE("import_archive: a zip's local times don't depend on the machine's zone") {
  ImportFixture f;
  spew(f.path("zip.py"),
       "import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1],'w')\n"
       "i=zipfile.ZipInfo('a/x',(2020,7,1,12,0,0));z.writestr(i,'x')\nz.close()\n");
  run({"/usr/bin/python3", f.path("zip.py").string(), f.path("x.zip").string()},
      f.directory_.path());
  const auto bytes = slurp(f.path("x.zip"));
  std::vector<std::string> commits;
  for (const auto* zone : {"UTC", "America/New_York"}) {
    ImportFixture g;
    ::setenv("TZ", zone, 1);
    ::tzset();
    commits.push_back(import_archive(g.context(), g.importing(bytes, "x.zip")));
    ::unsetenv("TZ");
    ::tzset();
  }
  CHECK(commits[0] == commits[1]);
  auto fork = f.importing(bytes, "x.zip");
  fork.commit = commits[0];
  CHECK(ensure_pin(f.context(), fork).committer_time == 1593604800);  // 2020-07-01T12:00:00Z
}

TEST_CASE("prepare: a patch from an archive") {
  ImportFixture f;
  auto fork = f.importing(tar(kItems));
  fork.commit = kGolden;
  const auto patches =
      tar({{"debian/patches/fix.patch", "--- a/README\n+++ b/README\n@@ -1 +1 @@\n-hi\n+ho\n"}});
  spew(f.path("ws/debian.tar"), patches);
  workspace::Patch patch;
  workspace::Patch::Member member;
  member.archive.name = "debian.tar";
  member.archive.sha256 = sha256(patches);
  member.archive.from = {"debian.tar"};
  member.path = "debian/patches/fix.patch";
  patch.from = member;
  fork.patches = {patch};
  static_cast<void>(ensure_pin(f.context(), fork));
  CHECK(slurp(prepare(f.context(), fork).root / "README") == "ho\n");
  member.path = "debian/patches/fix.path";
  patch.from = member;
  CHECK_THAT(error_of(Kind::input, [&] { read_patch(f.context(), fork, patch); }),
             Catch::Contains("did you mean"));
}
