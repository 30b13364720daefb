// SPDX-License-Identifier: Apache-2.0
#include "cullet/environment/lock.hpp"

#include <catch2/catch.hpp>

#include "failure.hpp"

namespace cullet::environment {
namespace {

LockedPackage package(const std::string& name, const std::string& version) {
  LockedPackage result;
  result.name = name;
  result.version = version;
  result.architecture = "amd64";
  result.source = name;
  result.source_version = version;
  result.path = "pool/main/x/" + name + "_amd64.deb";
  result.size = 1234;
  result.sha256 = BlobDigest(sha256(name));
  return result;
}

Lock sample() {
  Lock lock;
  auto libc = package("libc6", "2.36-9+deb12u10");
  libc.source = "glibc";
  auto gcc = package("gcc", "4:12.2.0-3");
  gcc.source = "gcc-defaults";
  gcc.source_version = "1.203";
  lock.packages = {{"libc6=2.36-9+deb12u10:amd64", libc}, {"gcc=4:12.2.0-3:amd64", gcc}};
  lock.sets["environment c"] = {
      "bookworm", {"gcc"}, true, {"gcc=4:12.2.0-3:amd64", "libc6=2.36-9+deb12u10:amd64"}};
  lock.sets["packages bookworm libc6 (no dependencies)"] = {
      "bookworm", {"libc6"}, false, {"libc6=2.36-9+deb12u10:amd64"}};
  return lock;
}

constexpr std::string_view kText = R"lock({
"lock": 1,
"packages": {
  "gcc=4:12.2.0-3:amd64": {"path":"pool/main/x/gcc_amd64.deb","sha256":"c0d8add8a70dec13ca3d2b9e6ec75c6e9bd50ab61dcce8ee5f3d8eb3ca6a1cf0","size":1234,"source":"gcc-defaults","source_version":"1.203"},
  "libc6=2.36-9+deb12u10:amd64": {"path":"pool/main/x/libc6_amd64.deb","sha256":"LIBC","size":1234,"source":"glibc"}
},
"sets": {
  "environment c": {
    "dependencies": true,
    "packages": [
      "gcc=4:12.2.0-3:amd64",
      "libc6=2.36-9+deb12u10:amd64"
    ],
    "requested": ["gcc"],
    "suite": "bookworm"
  },
  "packages bookworm libc6 (no dependencies)": {
    "dependencies": false,
    "packages": [
      "libc6=2.36-9+deb12u10:amd64"
    ],
    "requested": ["libc6"],
    "suite": "bookworm"
  }
}
}
)lock";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string expected_text() {
  auto text = replaced(std::string(kText), "LIBC", sha256(std::string_view("libc6")).hex());
  return replaced(std::move(text),
                  "c0d8add8a70dec13ca3d2b9e6ec75c6e9bd50ab61dcce8ee5f3d8eb3ca6a1cf0",
                  sha256(std::string_view("gcc")).hex());
}

TEST_CASE("Lock::serialize: one package a line, sorted") {
  CHECK(sample().serialize() == expected_text());
}

TEST_CASE("Lock::parse: reads what serialize wrote") {
  const auto lock = Lock::parse(sample().serialize(), "cullet.lock");
  CHECK(lock.packages == sample().packages);
  CHECK(lock.serialize() == sample().serialize());
  CHECK(Lock::parse(Lock().serialize(), "cullet.lock").sets.empty());
}

TEST_CASE("Lock::resolve: gives the packages of a set, or says what is stale") {
  const auto lock = sample();
  const auto packages = lock.resolve("environment c", {"gcc"}, "bookworm");
  REQUIRE(packages.size() == 2);
  CHECK(packages[1].source == "glibc");
  CHECK(lock.resolve("environment c", {"gcc", "gcc"}).size() == 2);
  CHECK(failure(Kind::input, [&] { (void)lock.resolve("environment d", {"gcc"}); }) ==
        "error: cullet.lock does not hold 'environment d'\nhint: run `cullet lock`\n");
  CHECK(failure(Kind::input,
                [&] {
                  (void)lock.resolve("environment c", {"gcc", "make"});
                }) ==
        "error: cullet.lock does not hold what 'environment c' asks for now\n"
        "  it was resolved for gcc\nhint: run `cullet lock`\n");
  CHECK(failure(Kind::input, [&] { (void)lock.resolve("environment c", {"gcc"}, "trixie"); }) ==
        "error: cullet.lock does not hold 'environment c' for 'trixie' but for 'bookworm'\n"
        "hint: run `cullet lock`\n");
}

TEST_CASE("set_name: the order and number of names don't matter, dependencies do") {
  workspace::PackageSet set;
  set.packages = {"libssl3", "libc6", "libc6"};
  CHECK(set_name("bookworm", set) == "packages bookworm libc6 libssl3");
  set.dependencies = false;
  CHECK(set_name("bookworm", set) == "packages bookworm libc6 libssl3 (no dependencies)");
  CHECK(environment_set_name("c") == "environment c");
}

TEST_CASE("Lock::parse: refuses what serialize would not have written, and says where") {
  const auto good = sample().serialize();
  const auto message = [&](std::string_view from, std::string_view to) {
    return failure(Kind::input,
                   [&] { (void)Lock::parse(replaced(good, from, to), "cullet.lock"); });
  };
  const std::string hint = "hint: run `cullet lock`\n";
  CHECK(message("\"lock\": 1", "\"lock\": 2") ==
        "error: cullet.lock:2:1: the lock has format 2, this cullet reads 1\n"
        "hint: use a newer cullet\n");
  CHECK(message("\"lock\": 1", "\"lock\": 0").find("hint: run `cullet lock --update`\n") !=
        std::string::npos);
  CHECK(message("\"lock\": 1", "\"look\": 1") == "error: cullet.lock:1:1: not a lock\n" + hint);
  CHECK(message("\"lock\": 1", "\"lock\": 1, \"extra\": 2") ==
        "error: cullet.lock:2:1: unknown key 'extra' in 'lock'\n" + hint);
  CHECK(message("\"size\":1234,\"source\":\"gcc", "\"size\":-1,\"source\":\"gcc") ==
        "error: cullet.lock:4:3: 'size' of 'gcc=4:12.2.0-3:amd64' must be a number\n" + hint);
  CHECK(message("\"size\":1234,\"source\":\"gcc", "\"size\":0,\"source\":\"gcc") ==
        "error: cullet.lock:4:3: 0 bytes is no size of a .deb\n" + hint);
  CHECK(message("pool/main/x/gcc_amd64.deb", "../../etc/gcc.deb") ==
        "error: cullet.lock:4:3: '../../etc/gcc.deb' is not the path of a .deb\n" + hint);
  CHECK(message("pool/main/x/gcc_amd64.deb", "pool/x?a=b.deb") ==
        "error: cullet.lock:4:3: 'pool/x?a=b.deb' is not the path of a .deb\n" + hint);
  CHECK(message("\"gcc=4:12.2.0-3:amd64\": {", "\"gcc/../x=4:amd64\": {") ==
        "error: cullet.lock:4:3: 'gcc/../x=4:amd64' is not NAME=VERSION:ARCHITECTURE\n" + hint);
  CHECK(message("\"requested\": [\"gcc\"]", "\"requested\": []") ==
        "error: cullet.lock:8:3: 'requested' of 'environment c' is empty\n" + hint);
  CHECK(message("\"requested\": [\"gcc\"]", "\"requested\": [\"make\"]") ==
        "error: cullet.lock:8:3: 'environment c' lacks 'make'\n" + hint);
  CHECK(message("      \"gcc=4:12.2.0-3:amd64\",\n", "") ==
        "error: cullet.lock:8:3: 'environment c' lacks 'gcc'\n" + hint);
  CHECK(message("      \"gcc=4:12.2.0-3:amd64\",\n", "      \"gcc=4:12.2.0-4:amd64\",\n") ==
        "error: cullet.lock:8:3: 'environment c' names 'gcc=4:12.2.0-4:amd64', which is not "
        "there\n" +
            hint);
  CHECK(message("\"dependencies\": true", "\"dependencies\": 1") ==
        "error: cullet.lock:8:3: 'dependencies' of 'environment c' must be true or false\n" + hint);
  CHECK(message("\"source\":\"glibc\"", "\"source\":\"../x\"") ==
        "error: cullet.lock:5:3: '../x' is not the name of a source package\n" + hint);
  CHECK(message("\"lock\": 1,", "\"lock\": 1,,").find("line 2, column") != std::string::npos);
  CHECK(failure(Kind::input, [] { (void)Lock::parse("", "cullet.lock"); }).find("cullet.lock") !=
        std::string::npos);
}

TEST_CASE("Lock::parse: a package that no set names is what a bad merge leaves") {
  auto lock = sample();
  lock.packages.emplace("make=1:amd64", package("make", "1"));
  CHECK(failure(Kind::input, [&] { (void)Lock::parse(lock.serialize(), "cullet.lock"); }) ==
        "error: cullet.lock:6:3: no set uses 'make=1:amd64'\nhint: run `cullet lock`\n");
}

}  // namespace
}  // namespace cullet::environment
