// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/version.hpp"

#include <catch2/catch.hpp>

#include "fetch.hpp"
#include "fixture.hpp"
#include "track.hpp"

using namespace cullet;
using namespace cullet::source;
using namespace cullet::source::test;

namespace {

Version version(std::string_view tag, std::string_view prefix = {}) {
  const auto parsed = Version::parse(tag, prefix);
  REQUIRE(parsed);
  return *parsed;
}

Advertised tags(const std::vector<std::string>& names) {
  Advertised theirs;
  git_oid id{};
  for (const auto& name : names) {
    ++id.id[0];
    theirs.references["refs/tags/" + name] = id;
  }
  return theirs;
}

workspace::Fork tracking(const std::string& rule, const std::string& version = "") {
  auto fork = Fixture::fork("https://example.com/x.git", std::string(40, 'a'));
  fork.upstream = fork.url;
  fork.track["tags"] = rule;
  fork.version = version;
  return fork;
}

}  // namespace

TEST_CASE("Version: tags are ordered as people mean them") {
  const std::vector<std::string> ascending = {"0.9",
                                              "v1.0-dev",
                                              "1.0-SNAPSHOT.2",
                                              "1.0-foo",
                                              "v1.0-alpha",
                                              "1.0a1",
                                              "1.0.beta.2",
                                              "v1.0-beta3",
                                              "1.0b10",
                                              "1.0-rc1",
                                              "v1.0-RC2",
                                              "1.0-rc10",
                                              "v1.0",
                                              "1.0-p1",
                                              "1.0-post2",
                                              "1.0b",
                                              "1.0.0",
                                              "1.0.1",
                                              "1.0-2",
                                              "1.0.9",
                                              "1.0.10",
                                              "1.0.10m",
                                              "1.0.10o",
                                              "1.0.10p",
                                              "1.1.1",
                                              "1.1.1a",
                                              "1.1.1k",
                                              "1.2",
                                              "2.0.0-rc.1",
                                              "v2.0.0",
                                              "2.0.0.1",
                                              "10.0",
                                              "2024.01.02",
                                              "20240103",
                                              "99999999999999999999999"};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      INFO(ascending[i] << " and " << ascending[k]);
      CHECK((version(ascending[i]) < version(ascending[k])) == (i < k));
    }
  CHECK(version("v1.0") == version("1.0"));
  CHECK(version("1.0-final") == version("1.0"));
  CHECK(version("1.0+build7") == version("1.0"));
  CHECK(version("1_2_3") == version("1.2.3"));
  CHECK(version("1.02") == version("1.2"));
}

TEST_CASE("Version: what of a tag it is") {
  CHECK(version("release-1.22.1").str() == "1.22.1");
  CHECK(version("OpenSSL_1_1_1w").str() == "1.1.1w");
  CHECK(version("pcre2-10.42", "pcre2-").str() == "10.42");
  CHECK(version("pcre2-10.42").str() == "10.42");
  CHECK(version("openssh-9.2p1").str() == "9.2p1");
  CHECK(version("9.2p1") < version("9.2p2"));
  CHECK_FALSE(version("9.2p1").prerelease());
  CHECK(version("v2.0-rc1").prerelease());
  CHECK_FALSE(version("v2.0-p1").prerelease());
  CHECK_FALSE(Version::parse("latest"));
  CHECK_FALSE(Version::parse("v1.0 beta"));
  CHECK_FALSE(Version::parse("1.0;rm"));
  CHECK_FALSE(Version::parse(std::string(300, '1')));
}

TEST_CASE("follow: the newest tag, pre-releases only where they are meant") {
  const auto theirs = tags({"v1.9", "v1.10", "v2.0-rc1", "nightly", "w3.0"});
  auto followed = follow(tracking("v*", "1.9"), theirs);
  CHECK(followed.newest.name == "v1.10");
  CHECK(followed.newest.version == "1.10");
  CHECK(followed.rule == "tags v*");
  REQUIRE(!followed.notes.empty());
  CHECK_THAT(followed.notes[0], Catch::Contains("pre-release v2.0-rc1"));
  CHECK(follow(tracking("v*", "2.0-beta1"), theirs).newest.name == "v2.0-rc1");
  CHECK(follow(tracking("v*-rc*"), theirs).newest.name == "v2.0-rc1");
  CHECK(follow(tracking("*"), theirs).newest.name == "w3.0");
}

TEST_CASE("follow: a pin's tag that is gone or elsewhere is said") {
  const auto gone = follow(tracking("v*", "1.5"), tags({"v1.0", "v2.0"}));
  REQUIRE(gone.notes.size() == 1);
  CHECK_THAT(gone.notes[0], Catch::Contains("no tag of the pin's version 1.5"));
  const auto moved = follow(tracking("v*", "1.0"), tags({"v1.0", "v2.0"}));
  REQUIRE(moved.notes.size() == 1);
  CHECK_THAT(moved.notes[0], Catch::Contains("tag v1.0 is at"));
}

TEST_CASE("follow: a rule that matches nothing says what there is") {
  CHECK_THAT(error_of(Kind::input,
                      [] {
                        follow(tracking("v*"), tags({"1.0", "2.0"}));
                      }),
             Catch::Contains("matches 'v*'") && Catch::Contains("it has 1.0, 2.0"));
  CHECK_THAT(error_of(Kind::input, [] { follow(tracking("v*"), tags({"vnext"})); }),
             Catch::Contains("is a version"));
  auto branch = tracking("v*");
  branch.track = {{"branch", "mian"}};
  Advertised theirs;
  theirs.references["refs/heads/main"] = {};
  CHECK_THAT(error_of(Kind::input, [&] { follow(branch, theirs); }),
             Catch::Contains("did you mean 'main'"));
}
