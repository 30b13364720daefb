// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "fixture.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;

namespace {

/// A program in place of ssh, that runs the command here.
struct SshFixture : Fixture {
  GitRepo repo{path("srv/it's.git")};
  std::string pin;

  SshFixture() {
    repo.write("x", "1\n");
    pin = repo.commit("first");
    program("ssh",
            "printf '%s\\n' \"$@\" > \"$0.arguments\"\nfor last in \"$@\"; do :; done\n"
            "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory "
            "GIT_CONFIG_VALUE_0='*'\nexec sh -c \"$last\"\n");
  }
  void program(const std::string& name, const std::string& text) {
    spew(path(name), "#!/bin/sh\n" + text);
    REQUIRE(::chmod(path(name).c_str(), 0755) == 0);
    environment["GIT_SSH"] = path(name).string();
  }
  workspace::Fork at() const {
    return fork("ssh://git@git.example.com:2222" + repo.path().string(), pin);
  }
};

}  // namespace

TEST_CASE("ssh: clones and fetches through the ssh program, which must know the host") {
  SshFixture f;
  CHECK(ensure_pin(f.context(), f.at()).commit == f.pin);
  CHECK(slurp(f.path("ssh.arguments")) ==
        "-o\nBatchMode=yes\n-o\nStrictHostKeyChecking=yes\n-p\n2222\ngit@git.example.com\n"
        "git-upload-pack '" +
            f.path("srv/it").string() + "'\\''s.git'\n");
  f.repo.write("x", "2\n");
  f.pin = f.repo.commit("second");
  CHECK(ensure_pin(f.context(), f.at()).commit == f.pin);
  CHECK(slurp(prepare(f.context(), f.at()).root / "x") == "2\n");
}

TEST_CASE("ssh: GIT_SSH_COMMAND goes to the shell") {
  SshFixture f;
  f.environment["GIT_SSH_COMMAND"] = f.environment["GIT_SSH"] + " -F 'a config'";
  CHECK(ensure_pin(f.context(), f.at()).commit == f.pin);
  CHECK_THAT(slurp(f.path("ssh.arguments")), Catch::StartsWith("-F\na config\n-o\n"));
}

TEST_CASE("ssh: what ssh says is shown, and an unknown host gets its hint") {
  SshFixture f;
  f.program("ssh", "echo 'Host key verification failed.' >&2\nexit 255\n");
  const auto text = error_of(Kind::machine, [&] { ensure_pin(f.context(), f.at()); });
  CHECK_THAT(text, Catch::Contains("ssh to git.example.com ended without an answer"));
  CHECK_THAT(text, Catch::Contains("Host key verification failed."));
  CHECK_THAT(text, Catch::Contains("hint: check the host's key"));
  f.environment["GIT_SSH"] = f.path("none").string();
  CHECK_THAT(error_of(Kind::machine, [&] { ensure_pin(f.context(), f.at()); }),
             Catch::Contains("none"));
}

TEST_CASE("ssh: a connection that ends amid a pack is an error") {
  SshFixture f;
  f.program("ssh",
            "for last in \"$@\"; do :; done\nsh -c \"$last\" | (dd bs=1 count=700 status=none; "
            "kill -9 0)\n");
  static_cast<void>(error_of(Kind::machine, [&] { ensure_pin(f.context(), f.at()); }));
  f.program("ssh2",
            "for last in \"$@\"; do :; done\nexport GIT_CONFIG_COUNT=1 "
            "GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'\nexec sh -c \"$last\"\n");
  CHECK(ensure_pin(f.context(), f.at()).commit == f.pin);
}
