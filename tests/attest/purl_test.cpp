// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/purl.hpp"

#include <catch2/catch.hpp>

namespace cullet::attest {
namespace {

TEST_CASE("deb_purl: what scanners match by, encoded", "[attest]") {
  environment::LockedPackage package;
  package.name = "libstdc++6";
  package.version = "1:12.2.0-14+deb12u1";
  package.architecture = "amd64";
  package.source = "gcc-12";
  package.source_version = "1:12.2.0-14+deb12u1";
  CHECK(deb_purl(package, "bookworm") ==
        "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12"
        "&upstream=gcc-12");
  package.source_version = "12.2.0-14";
  CHECK(deb_purl(package, "trixie") ==
        "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-13"
        "&upstream=gcc-12%4012.2.0-14");
  package.source = package.name;
  package.source_version = package.version;
  CHECK(deb_purl(package, "sid").ends_with("?arch=amd64&distro=debian-sid"));
}

TEST_CASE("git_uri: no password leaves the workspace, and a bare path says nothing", "[attest]") {
  CHECK(git_uri("https://git.example.com/a.git") == "git+https://git.example.com/a.git");
  CHECK(git_uri("https://me:secret@git.example.com/a@b") == "git+https://git.example.com/a@b");
  CHECK(git_uri("ssh://git@git.example.com/a") == "git+ssh://git@git.example.com/a");
  CHECK(git_uri("git@git.example.com:team/a.git") == "git+ssh://git@git.example.com/team/a.git");
  CHECK(git_uri("../other/a.git").empty());
  CHECK(git_uri("/srv/a:b").empty());
  CHECK(git_uri("file:///srv/a.git").empty());
}

TEST_CASE("fork_purl: by where upstream is", "[attest]") {
  workspace::Fork fork;
  fork.name = "zlib";
  fork.upstream = "https://github.com/Madler/zlib.git";
  fork.commit = std::string(40, 'a');
  fork.version = "1.2.13";
  CHECK(fork_purl(fork) == "pkg:github/madler/zlib@1.2.13");
  fork.upstream = "https://git.busybox.net/busybox";
  CHECK(fork_purl(fork) ==
        "pkg:generic/zlib@1.2.13?vcs_url=git%2Bhttps%3A%2F%2Fgit.busybox.net"
        "%2Fbusybox%40" +
            fork.commit);
}

}  // namespace
}  // namespace cullet::attest
