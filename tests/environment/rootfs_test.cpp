// SPDX-License-Identifier: Apache-2.0
#include "cullet/environment/rootfs.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "cullet/archive/compression.hpp"

#include "rootfs_fixture.hpp"
#include "support/string_sink.hpp"

namespace cullet::environment {
namespace {

std::string compressed(const std::string& bytes, archive::Algorithm algorithm) {
  StringSink sink;
  auto compressor = archive::compress({algorithm, 3}, sink, 1);
  compressor->write(as_bytes(bytes));
  compressor->finish();
  return std::move(sink).text();
}

TEST_CASE("unpack_packages: files of several packages make one tree with /usr merged") {
  RootfsFixture f;
  const auto a = f.add("a",
                       MadeTar()
                           .directory("./")
                           .directory("./bin/")
                           .file("./bin/tool", "tool", 0755)
                           .symlink("./bin/link", "../etc/conf")
                           .hardlink("./bin/again", "./bin/tool")
                           .file("./etc/conf", "conf"));
  const auto b = f.add("b",
                       MadeTar()
                           .directory("./usr/")
                           .directory("./usr/bin/")
                           .file("./usr/bin/other", "other", 0755)
                           .file("./lib/x/lib.so", "so"));
  CHECK(f.unpack({b, a}) == Lines{"bin -> usr/bin",
                                  "etc/",
                                  "etc/conf",
                                  "lib -> usr/lib",
                                  "usr/",
                                  "usr/bin/",
                                  "usr/bin/again",
                                  "usr/bin/link -> ../../etc/conf",
                                  "usr/bin/other",
                                  "usr/bin/tool = usr/bin/again",
                                  "usr/lib/",
                                  "usr/lib/x/",
                                  "usr/lib/x/lib.so"});
  CHECK(f.text("bin/tool") == "tool");
  CHECK(f.text("usr/bin/link") == "conf");
}

TEST_CASE("unpack_packages: the tree depends on neither order nor threads") {
  RootfsFixture f;
  std::vector<LockedPackage> packages;
  for (int i = 0; i < 12; ++i) {
    const auto name = "p" + std::to_string(i);
    MadeTar tar;
    tar.file("./usr/share/doc/" + name + "/copyright",
             std::string(static_cast<std::size_t>(i) * 1000, 'x'));
    tar.file("./usr/share/common", "the same");
    packages.push_back(f.add(name, tar));
  }
  f.unpack(packages, {}, true, true, 1);
  const auto digest = f.tree.digest;
  std::reverse(packages.begin(), packages.end());
  f.unpack(packages, {}, true, true, 8);
  CHECK(f.tree.digest == digest);
}

TEST_CASE("unpack_packages: a change of the rules shows in a digest") {
  // Whoever changes this digest changes kRootfsVersion too: trees in stores are keyed by it.
  RootfsFixture f;
  const auto a =
      f.add("a", MadeTar().file("./bin/tool", "tool", 04755).symlink("./bin/link", "../etc/conf"));
  f.unpack({a}, {{"/usr/bin/awk", "tool"}}, true, true);
  REQUIRE(kRootfsVersion == 1);
  CHECK(f.tree.digest.str() ==
        "sha256:801f72b0c47b81d0f4d3efc7b63075b6824a858050e2bc444452d05f0395b55c");
}

TEST_CASE("unpack_packages: every compression that Debian has used is read") {
  RootfsFixture f;
  const auto data = MadeTar().file("./etc/x", "x").bytes();
  const auto deb = [&](const std::string& ending, archive::Algorithm algorithm) {
    return made_ar({{"debian-binary", "2.0\n"},
                    {"control.tar" + ending, compressed(made_control("a"), algorithm)},
                    {"data.tar" + ending, compressed(data, algorithm)}});
  };
  CHECK(f.unpack({stored(f.store, "a", deb(".gz", archive::Algorithm::gzip))}) ==
        Lines{"etc/", "etc/x"});
  CHECK(f.unpack({stored(f.store, "a", deb(".zst", archive::Algorithm::zstd))}) ==
        Lines{"etc/", "etc/x"});
}

TEST_CASE("unpack_packages: setuid bits and unreadable modes are gone") {
  RootfsFixture f;
  f.unpack({f.add("a",
                  MadeTar()
                      .file("./usr/bin/su", "su", 04755)
                      .file("./etc/shadow", "secret", 0000)
                      .entry('5', "./root", "", "", 0700))});
  const auto manifest = f.store.manifest(f.tree.digest);
  CHECK(manifest.find("usr/bin/su")->mode == 0755);
  CHECK(manifest.find("etc/shadow")->mode == 0644);
  CHECK(manifest.find("root")->mode == 0755);
}

TEST_CASE("unpack_packages: what a tree doesn't keep of packages, and didn't run, is said") {
  RootfsFixture f;
  const auto script = made_ar({{"debian-binary", "2.0\n"},
                               {"control.tar", made_control("b", "1.0", "", "#!/bin/sh\n")},
                               {"data.tar",
                                MadeTar()
                                    .file("./bin/su", "su", 04755)
                                    .file("./usr/bin/ls", "ls", 0755)
                                    .symlink("./usr/bin/link", "ls")
                                    .file("./etc/shadow", "secret", 0440)
                                    .file("./etc/motd", "hello", 0644)
                                    .file("./etc/\xff", "no text", 0600)
                                    .bytes()}});
  f.unpack({stored(f.store, "b", script),
            f.add("a", MadeTar().directory("./usr").entry('5', "./tmp", "", "", 01777))});
  CHECK(f.modes == std::map<std::string, std::uint32_t>{
                       {"etc/shadow", 0440}, {"tmp", 01777}, {"usr/bin/su", 04755}});
  CHECK(f.postinst == Lines{"b"});
}

TEST_CASE("unpack_packages: dpkg's status is left for scanners") {
  RootfsFixture f;
  const auto lines = f.unpack({f.add("a", MadeTar().file("./etc/x", "x"))}, {}, true);
  CHECK(lines == Lines{"etc/",
                       "etc/x",
                       "var/",
                       "var/lib/",
                       "var/lib/dpkg/",
                       "var/lib/dpkg/status.d/",
                       "var/lib/dpkg/status.d/a",
                       "var/lib/dpkg/status.d/a.md5sums"});
  CHECK(f.text("var/lib/dpkg/status.d/a") ==
        "Package: a\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n"
        "Description: made for a test\n a long text\n");
  CHECK(f.text("var/lib/dpkg/status.d/a.md5sums") == "0123  usr/share/doc/a\n");
}

TEST_CASE("unpack_packages: an environment has what a step needs") {
  RootfsFixture f;
  const auto lines = f.unpack({f.add("a", MadeTar().file("./etc/hosts", "ours"))},
                              {{"/usr/bin/awk", "mawk"}, {"bin/cc", "gcc"}},
                              false,
                              true);
  for (const auto* path : {"build/",
                           "dev/",
                           "out/",
                           "proc/",
                           "tmp/",
                           "sys/",
                           "etc/passwd",
                           "etc/group",
                           "bin -> usr/bin",
                           "lib64 -> usr/lib64",
                           "usr/bin/awk -> mawk",
                           "usr/bin/cc -> gcc"})
    CHECK(std::count(lines.begin(), lines.end(), path) == 1);
  CHECK(f.text("etc/hosts") == "ours");
  CHECK(f.text("etc/passwd").find("builder:x:1000:1000:") != std::string::npos);
}

TEST_CASE("unpack_packages: a link over what a package holds is an error") {
  RootfsFixture f;
  const auto a = f.add("a", MadeTar().file("./usr/bin/awk", "awk"));
  CHECK(failure(Kind::input, [&] {
          f.unpack({a}, {{"bin/awk", "mawk"}});
        }) == "error: '/usr/bin/awk' is there already\n  while making the link '/bin/awk'\n");
  CHECK(failure(Kind::input,
                [&] {
                  f.unpack({a}, {{"usr/bin/awk/x", "mawk"}});
                }) ==
        "error: '/usr/bin/awk' is not a directory in the packages\n"
        "  while making the link '/usr/bin/awk/x'\n");
  CHECK(failure(Kind::input, [&] {
          f.unpack({a}, {{"../x", "y"}});
        }) == "error: '../x' can't be a link of an environment\n");
}

TEST_CASE("unpack_packages: two packages may share a file only if it is the same") {
  RootfsFixture f;
  const auto one = [&](const MadeTar& tar) { return f.add("one", tar); };
  const auto two = [&](const MadeTar& tar) { return f.add("two", tar); };
  const auto clash = [&](const MadeTar& a, const MadeTar& b) {
    return failure(Kind::input, [&] { f.unpack({two(b), one(a)}); });
  };
  const std::string both = "error: the packages 'one' and 'two' both hold '/etc/x'\n";
  const std::string hint = "hint: leave one of them out\n";
  CHECK(f.unpack({one(MadeTar().file("./etc/x", "same")),
                  two(MadeTar().file("./etc/x", "same"))}) == Lines{"etc/", "etc/x"});
  CHECK(f.unpack({one(MadeTar().symlink("./etc/x", "y")),
                  two(MadeTar().symlink("./etc/x", "y"))}) == Lines{"etc/", "etc/x -> y"});
  CHECK(clash(MadeTar().file("./etc/x", "same"), MadeTar().file("./etc/x", "some")) ==
        both + "  their bytes differ\n" + hint);
  CHECK(clash(MadeTar().file("./etc/x", "a"), MadeTar().file("./etc/x", "longer")) ==
        both + "  their bytes differ\n" + hint);
  CHECK(clash(MadeTar().file("./etc/x", "a"), MadeTar().file("./etc/x", "a", 0755)) ==
        both + "  one is executable, one is not\n" + hint);
  CHECK(clash(MadeTar().symlink("./etc/x", "y"), MadeTar().symlink("./etc/x", "z")) ==
        both + "  they lead to different places\n" + hint);
  CHECK(clash(MadeTar().file("./etc/x", "a"), MadeTar().directory("./etc/x")) ==
        both + "  they are of different types\n" + hint);
  CHECK(clash(MadeTar().file("./etc/x/y", "a"), MadeTar().file("./etc/x", "a")) ==
        both + "  they are of different types\n" + hint);
}

TEST_CASE("unpack_packages: one file in /bin and /usr/bin is one file") {
  RootfsFixture f;
  const auto a = f.add("a", MadeTar().file("./bin/x", "a"));
  const auto b = f.add("b", MadeTar().file("./usr/bin/x", "b"));
  CHECK(failure(Kind::input, [&] {
          f.unpack({a, b});
        }).find("the packages 'a' and 'b' both hold '/usr/bin/x'") != std::string::npos);
}

TEST_CASE("unpack_packages: links of a merged /usr in a package are the ones made anyway") {
  RootfsFixture f;
  const auto a = f.add("base-files", MadeTar().symlink("./bin", "usr/bin").directory("./usr/bin"));
  CHECK(f.unpack({a}) == Lines{"bin -> usr/bin", "usr/", "usr/bin/"});
}

TEST_CASE("unpack_packages: one name twice is an error") {
  RootfsFixture f;
  const auto a = f.add("a", MadeTar().file("./etc/x", "x"));
  CHECK(failure(Kind::input, [&] {
          f.unpack({a, a});
        }) == "error: the package 'a' is there twice\n  1.0 and 1.0\n");
}

TEST_CASE("unpack_packages: cancelling leaves nothing behind") {
  RootfsFixture f;
  const auto a = f.add("a", MadeTar().file("./etc/x", "x"));
  f.cancel.request();
  (void)failure(Kind::interrupted, [&] { f.unpack({a}); });
  const auto trees = open_directory(f.store.root() / "trees");
  CHECK(list_directory(trees.get(), "trees").empty());
}

TEST_CASE("fetch_packages: takes the bytes from the mirror that has them") {
  RootfsFixture f;
  const auto deb = made_deb("a", MadeTar().file("./etc/x", "x"));
  const auto mirror = f.directory.path() / "mirror";
  RootfsFixture elsewhere;
  const auto package = stored(elsewhere.store, "a", deb);
  make_directories((mirror / package.path).parent_path());
  replace_file(mirror / package.path, deb, 0644, Durability::buffered);
  auto context = f.context();
  context.mirrors = {"file://" + (f.directory.path() / "empty").string(),
                     "file://" + mirror.string()};
  fetch_packages(context, {package});
  CHECK(f.store.has_blob(package.sha256));
  CHECK(f.unpack({package}) == Lines{"etc/", "etc/x"});
}

TEST_CASE("fetch_packages: without a mirror, what is missing is named") {
  RootfsFixture f;
  auto package = f.add("a", MadeTar().file("./etc/x", "x"));
  fetch_packages(f.context(), {package});  // it is there: nothing to fetch
  package.sha256 = BlobDigest(sha256(std::string_view("other")));
  CHECK(failure(Kind::machine, [&] { fetch_packages(f.context(), {package}); }) ==
        "error: no Debian mirror is known on this machine\n  a_1.0_amd64.deb is not in the store\n"
        "hint: give `mirrors` in cullet.yaml\n");
}

TEST_CASE("fetch_packages: other bytes under the name are refused") {
  RootfsFixture f;
  auto package = f.add("a", MadeTar().file("./etc/x", "x"));
  const auto mirror = f.directory.path() / "mirror";
  make_directories((mirror / package.path).parent_path());
  replace_file(mirror / package.path, "something else", 0644, Durability::buffered);
  package.sha256 = BlobDigest(sha256(std::string_view("wanted")));
  package.size = 14;
  auto context = f.context();
  context.mirrors = {"file://" + mirror.string()};
  (void)failure(Kind::refused, [&] { fetch_packages(context, {package}); });
  CHECK_FALSE(f.store.has_blob(package.sha256));
}

}  // namespace
}  // namespace cullet::environment
