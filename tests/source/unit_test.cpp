// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "credentials.hpp"
#include "fixture.hpp"
#include "git_config.hpp"
#include "location.hpp"
#include "submodule.hpp"

using namespace cullet;
using namespace cullet::source;
using cullet::source::test::error_of;
using cullet::source::test::Fixture;
using cullet::source::test::spew;

TEST_CASE("Location: takes URLs apart and keeps passwords out") {
  const auto https = Location::parse("https://me:s%40cret@git.example.com:8443/x.git/", "/ws");
  CHECK(https.type == Location::Type::http);
  CHECK(https.url == "https://git.example.com:8443/x.git");
  CHECK(https.user == "me");
  CHECK(https.password == "s@cret");
  const auto scp = Location::parse("git@git.example.com:forks/x.git", "/ws");
  CHECK(scp.type == Location::Type::ssh);
  CHECK(scp.user == "git");
  CHECK(scp.path == "forks/x.git");
  const auto ssh = Location::parse("ssh://git@[::1]:2222/~me/x.git", "/ws");
  CHECK(ssh.host == "::1");
  CHECK(ssh.port == "2222");
  CHECK(ssh.path == "~me/x.git");
  CHECK(Location::parse("file:///a%20b/x", "/ws").path == "/a b/x");
  CHECK(Location::parse("../x", "/ws").path == "/x");
  CHECK(shown("https://me:secret@h/x") == "https://h/x");
  CHECK(shown("https://token@h/x") == "https://h/x");
  CHECK(shown("ssh://git:secret@h/x") == "ssh://git@h/x");
}

TEST_CASE("Location: refuses what a program could take for an option, and git://") {
  for (const auto* url : {"ssh://-oProxyCommand=x/y",
                          "-x@h:y",
                          "h:-x",
                          "ssh://a b/c",
                          "ext::sh -c x",
                          "ssh://h:22x/y",
                          "",
                          "ftp://h/x",
                          "https://",
                          "file://host/x"}) {
    INFO(url);
    CHECK_THAT(error_of(Kind::input, [&] { static_cast<void>(Location::parse(url, "/ws")); }),
               Catch::Contains("is no git URL"));
  }
  CHECK_THAT(error_of(Kind::input, [&] { static_cast<void>(Location::parse("git://h/x", "/ws")); }),
             Catch::Contains("https://"));
}

TEST_CASE("resolve_url: submodules relative to their parent, as git has it") {
  CHECK(resolve_url("https://h/a/b.git", "../c.git") == "https://h/a/c.git");
  CHECK(resolve_url("https://h/a/b.git/", "../../d/c.git") == "https://h/d/c.git");
  CHECK(resolve_url("git@h:a/b.git", "../c.git") == "git@h:a/c.git");
  CHECK(resolve_url("git@h:b.git", "../c.git") == "git@h:c.git");
  CHECK(resolve_url("/srv/b", "./c") == "/srv/b/c");
  CHECK(resolve_url("https://h/b", "ssh://x/c") == "ssh://x/c");
  CHECK_THAT(
      error_of(Kind::input, [] { static_cast<void>(resolve_url("https://h/b", "../../../c")); }),
      Catch::Contains("leads above"));
}

TEST_CASE("GitConfig: insteadOf, the longest wins; http settings, the most specific wins") {
  Fixture fixture;
  spew(fixture.path("home/.gitconfig"),
       "[url \"https://mirror/\"]\n insteadOf = https://up/\n"
       "[url \"/local/deep/\"]\n insteadOf = https://up/deep/\n"
       "[http]\n proxy = http://all\n[http \"https://up\"]\n proxy = http://some\n"
       "[include]\n path = more\n");
  spew(fixture.path("home/more"), "[core]\n sshCommand = special\n");
  fixture.environment["GIT_CONFIG_COUNT"] = "1";
  fixture.environment["GIT_CONFIG_KEY_0"] = "http.https://up/x.extraHeader";
  fixture.environment["GIT_CONFIG_VALUE_0"] = "X-A: b";
  const auto config = GitConfig::load(fixture.environment);
  CHECK(config.rewritten("https://up/x") == "https://mirror/x");
  CHECK(config.rewritten("https://up/deep/x") == "/local/deep/x");
  CHECK(config.rewritten("https://other/x") == "https://other/x");
  CHECK(config.http_setting("https://up/x", "proxy") == "http://some");
  CHECK(config.http_setting("https://upper/x", "proxy") == "http://all");
  CHECK(config.http_setting("https://up/x/y", "extraheader") == "X-A: b");
  CHECK(config.http_setting("https://up/xy", "extraheader") == std::nullopt);
  CHECK(config.get("core.sshcommand") == "special");
}

TEST_CASE("GitConfig: a malformed file is named") {
  Fixture fixture;
  spew(fixture.path("home/.gitconfig"), "[url\n");
  CHECK_THAT(
      error_of(Kind::input, [&] { static_cast<void>(GitConfig::load(fixture.environment)); }),
      Catch::Contains(".gitconfig"));
}

TEST_CASE("find_in_netrc: machines, default, macros and quotes") {
  const auto* text =
      "# c\nmachine a login me password \"s e\\\"c\"\nmacdef init\n machine b login evil password "
      "x\n\n"
      "machine b\n login you\n password p2\nmachine b login other password p3\ndefault login any "
      "password p4\n";
  CHECK(find_in_netrc(text, "a", "")->password == "s e\"c");
  CHECK(find_in_netrc(text, "b", "")->user == "you");
  CHECK(find_in_netrc(text, "b", "other")->password == "p3");
  CHECK(find_in_netrc(text, "c", "")->password == "p4");
  CHECK_FALSE(find_in_netrc("machine a login x", "a", ""));
  CHECK_FALSE(find_in_netrc("machine", "a", ""));
}

TEST_CASE("parse_gitmodules: paths and URLs; includes and other sections don't count") {
  const auto urls = parse_gitmodules(
      "[submodule \"a \\\"b\\\"\"]\n\tpath = lib/a # comment\n\turl = \"../a b.git\" ; more\n"
      "[include]\n path = /etc/passwd\n[submodule \"evil\"]\n path = ../x\n url = u\n");
  REQUIRE(urls.size() == 1);
  CHECK(urls.at("lib/a") == "../a b.git");
  CHECK_THAT(
      error_of(Kind::input, [] { static_cast<void>(parse_gitmodules("[submodule \"x\"\n")); }),
      Catch::Contains(".gitmodules, line 1"));
}
