// SPDX-License-Identifier: Apache-2.0
// Packages that no archive should carry: each is refused, and nothing is written outside.
#include <filesystem>

#include <catch2/catch.hpp>

#include "rootfs_fixture.hpp"

namespace cullet::environment {
namespace {

namespace fs = std::filesystem;

std::string refusal(const std::string& deb, bool status = false) {
  RootfsFixture f;
  const auto outside = f.directory.path() / "outside";
  make_directories(outside);
  const auto package = stored(f.store, "a", deb);
  auto text = failure(Kind::input, [&] { f.unpack({package}, {}, status, status); });
  CHECK(fs::is_empty(outside));
  const auto trees = open_directory(f.store.root() / "trees");
  CHECK(list_directory(trees.get(), "trees").empty());
  return text;
}

std::string refusal(const MadeTar& data) {
  return refusal(made_deb("a", data));
}

bool says(const std::string& text, std::string_view part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return true;
}

TEST_CASE("Hostile .deb: paths that leave the root") {
  says(refusal(MadeTar().file("../evil", "x")), "evil");
  says(refusal(MadeTar().file("./usr/../../evil", "x")), "evil");
  says(refusal(MadeTar().file("/etc/evil", "x")), "evil");
}

TEST_CASE("Hostile .deb: writing through a symlink of its own") {
  says(refusal(MadeTar().symlink("./link", "/tmp").file("./link/evil", "x")), "link");
  says(refusal(MadeTar().symlink("./link", "../../outside").file("./link/evil", "x")), "link");
  says(refusal(MadeTar().symlink("./usr", "/tmp").file("./bin/evil", "x")), "usr");
}

TEST_CASE("Hostile .deb: writing through a symlink of another package") {
  RootfsFixture f;
  const auto outside = f.directory.path() / "outside";
  make_directories(outside);
  const auto a = f.add("a", MadeTar().symlink("./srv", outside.string()));
  const auto b = f.add("b", MadeTar().file("./srv/evil", "x"));
  says(failure(Kind::input, [&] { f.unpack({a, b}); }), "both hold '/srv'");
  CHECK(fs::is_empty(outside));
}

TEST_CASE("Hostile .deb: symlinks where cullet writes itself") {
  RootfsFixture f;
  const auto outside = f.directory.path() / "outside";
  make_directories(outside);
  for (const auto* path : {"./var", "./var/lib", "./var/lib/dpkg", "./var/lib/dpkg/status.d"}) {
    const auto a = f.add("a", MadeTar().symlink(path, outside.string()));
    says(failure(Kind::input, [&] { f.unpack({a}, {}, true); }), "not a directory");
  }
  for (const auto* path : {"./etc", "./tmp", "./usr"}) {
    const auto a = f.add("a", MadeTar().symlink(path, outside.string()));
    says(failure(Kind::input, [&] { f.unpack({a}, {}, false, true); }), "not a directory");
  }
  const auto etc = f.add("a", MadeTar().symlink("./etc/passwd", (outside / "x").string()));
  f.unpack({etc}, {}, false, true);
  CHECK(fs::is_empty(outside));
}

TEST_CASE("Hostile .deb: hard links out of the package") {
  says(refusal(MadeTar().hardlink("./evil", "/etc/passwd")), "evil");
  says(refusal(MadeTar().hardlink("./evil", "../../../etc/passwd")), "evil");
  says(refusal(MadeTar().symlink("./l", "/etc").hardlink("./evil", "./l/passwd")), "l");
}

TEST_CASE("Hostile .deb: devices and fifos") {
  says(refusal(MadeTar().entry('3', "./dev/mem")), "dev/mem");
  says(refusal(MadeTar().entry('6', "./pipe")), "pipe");
}

TEST_CASE("Hostile .deb: a file in place of a directory that is merged") {
  RootfsFixture f;
  const auto a = f.add("a", MadeTar().file("./bin", "x"));
  CHECK(f.unpack({a}) == Lines{"usr/", "usr/bin"});
}

TEST_CASE("Hostile .deb: truncated anywhere, it is refused or whole") {
  RootfsFixture f;
  const auto deb = made_deb("a", MadeTar().file("./etc/x", std::string(3000, 'x')));
  for (std::size_t size = 0; size < deb.size(); size += 97) {
    INFO(size);
    const auto package = stored(f.store, "a", deb.substr(0, size));
    (void)failure(Kind::input, [&] { f.unpack({package}); });
  }
}

TEST_CASE("Hostile .deb: what is no package says why") {
  const auto control = made_control("a");
  const auto data = MadeTar().file("./etc/x", "x").bytes();
  const std::string prefix = "error: a_1.0_amd64.deb is not a Debian package: ";
  const std::string suffix = "\n  while unpacking a 1.0\n";
  const std::pair<std::string, std::string> version{"debian-binary", "2.0\n"};
  CHECK(refusal(made_ar({{"control.tar", control}})) ==
        prefix + "it does not begin with 'debian-binary'" + suffix);
  CHECK(refusal(made_ar({{"debian-binary", "3.0\n"}})) == prefix + "its format is not 2" + suffix);
  CHECK(refusal(made_ar({version, {"data.tar", data}})) ==
        prefix + "the member 'data.tar' is unexpected" + suffix);
  CHECK(refusal(made_ar({version, {"control.tar", control}})) ==
        prefix + "it has no 'data.tar'" + suffix);
  CHECK(refusal(made_ar({version, {"control.tar", control}, {"control.tar", control}})) ==
        prefix + "the member 'control.tar' is unexpected" + suffix);
  CHECK(refusal(
            made_ar({version, {"control.tar", control}, {"data.tar", data}, {"data.tar", data}})) ==
        prefix + "the member 'data.tar' is unexpected" + suffix);
  CHECK(refusal(made_ar({version, {"control.tar.lzo", control}})) ==
        prefix + "the member 'control.tar.lzo' is unexpected" + suffix);
  says(refusal("not an archive at all"), "a_1.0_amd64.deb");
  says(refusal(made_ar({version, {"control.tar", std::string(2000, 'x')}})), "control");
}

TEST_CASE("Hostile .deb: it must be the package that the lock says") {
  const auto deb = [](const std::string& control) {
    return made_ar(
        {{"debian-binary", "2.0\n"}, {"control.tar", control}, {"data.tar", MadeTar().bytes()}});
  };
  CHECK(refusal(deb(made_control("b"))) ==
        "error: a_1.0_amd64.deb is not the package that cullet.lock says\n"
        "  Package: 'b' instead of 'a'\n  while unpacking a 1.0\n"
        "hint: run `cullet lock --update`\n");
  says(refusal(deb(made_control("a", "2.0"))), "Version: '2.0' instead of '1.0'");
  says(refusal(deb(made_control("a", "1.0", "Source: b\n"))), "Source: 'b' instead of 'a'");
  says(refusal(deb(made_control("a", "1.0", "Source: a (0.9)\n"))),
       "Source's version: '0.9' instead of '1.0'");
  says(refusal(deb(made_control("a", "1.0", "\nPackage: c\n"))), "not one paragraph");
  says(refusal(deb(made_control("a", "1.0", "nonsense\n"))), "not a field of a control file");
}

TEST_CASE("Hostile .deb: bytes that are not the locked ones are refused") {
  RootfsFixture f;
  auto package = f.add("a", MadeTar().file("./etc/x", "x"));
  auto deb = made_deb("a", MadeTar().file("./etc/x", "y"));
  fs::permissions(f.store.blob_path(package.sha256), fs::perms::owner_all);
  replace_file(f.store.blob_path(package.sha256), deb, 0444, Durability::buffered);
  says(failure(Kind::refused, [&] { f.unpack({package}); }), "while unpacking a 1.0");
}

}  // namespace
}  // namespace cullet::environment
