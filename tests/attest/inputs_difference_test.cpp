// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/inputs_difference.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

using namespace cullet;
using namespace cullet::attest;

namespace {

Json golden(const char* name) {
  return parse_json(read_file(std::string(CULLET_SOURCE_DIR "/tests/golden/") + name, 1U << 20U),
                    name);
}

Json& dependencies(Json& provenance) {
  return provenance["buildDefinition"]["resolvedDependencies"];
}
/// The dependency of that name.
Json& dependency(Json& provenance, const std::string& name) {
  for (auto& one : dependencies(provenance))
    if (one["name"] == name)
      return one;
  throw std::logic_error("no " + name);
}
void forget(Json& provenance, const std::string& name) {
  auto& list = dependencies(provenance);
  for (auto at = list.begin(); at != list.end(); ++at)
    if ((*at)["name"] == name) {
      list.erase(at);
      return;
    }
  throw std::logic_error("no " + name);
}

const std::string kOther(64, 'a');

}  // namespace

TEST_CASE("changed_inputs: a build beside itself, whenever it was", "[attest]") {
  auto other = golden("provenance.json");
  other["runDetails"]["metadata"]["finishedOn"] = "2030-01-01T00:00:00Z";
  CHECK(changed_inputs(golden("provenance.json"), other).empty());
}

TEST_CASE("changed_inputs: a patch, with what it is for; the files that say it are told by it",
          "[attest]") {
  const auto with = golden("provenance.json");
  auto without = with;
  forget(without, "zlib/fix.patch");
  forget(without, "forks/zlib/fix.patch");
  dependency(without, "forks/zlib.yaml")["digest"]["sha256"] = kOther;
  auto changes = changed_inputs(without, with);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].kind == "patch");
  CHECK(changes[0].name == "zlib/fix.patch");
  CHECK(changes[0].before.empty());
  CHECK(changes[0].after.starts_with("sha256:"));
  CHECK(changes[0].why.starts_with("fixes CVE-"));
  changes = changed_inputs(with, without);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].after.empty());
}

TEST_CASE("changed_inputs: a pin, a recipe, a tool, and a comment in a workspace file",
          "[attest]") {
  const auto before = golden("provenance.json");
  auto after = before;
  dependency(after, "fork zlib")["digest"]["gitCommit"] = std::string(40, 'b');
  dependency(after, "fork zlib")["annotations"]["version"] = "1.3.1";
  dependency(after, "forks/zlib.yaml")["digest"]["sha256"] = kOther;
  dependency(after, "recipes/zlib.yaml")["digest"]["sha256"] = kOther;
  dependency(after, "cullet.yaml")["digest"]["sha256"] = kOther;
  after["buildDefinition"]["internalParameters"]["compressor"] = "zstd 9";
  after["buildDefinition"]["internalParameters"]["cullet"] = "9.9";
  after["runDetails"]["builder"]["id"] = "https://other.example.com";
  std::string told;
  for (const auto& one : changed_inputs(before, after))
    told += one.kind + " " + one.name + " ";
  CHECK(told ==
        "fork zlib recipe recipes/zlib.yaml workspace cullet.yaml cullet  compressor  "
        "builder  ");
  CHECK(changed_inputs(before, after)[0].after == std::string(40, 'b') + " (1.3.1)");
}

TEST_CASE("changed_inputs: a package by its versions, and the lock by its packages", "[attest]") {
  const auto package = [](const char* version) {
    return Json{{"name", "libexample"},
                {"uri", std::string("pkg:deb/debian/libexample@") + version + "?arch=amd64"},
                {"digest", {{"sha256", kOther}}},
                {"annotations", {{"for", {"environment c", "image"}}}}};
  };
  auto before = golden("provenance.json"), after = before;
  dependencies(before).push_back(package("2.36-9%2Bdeb12u9"));
  dependencies(after).push_back(package("2.36-9%2Bdeb12u10"));
  dependency(after, "cullet.lock")["digest"]["sha256"] = kOther;
  const auto changes = changed_inputs(before, after);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0] == InputChange{"package",
                                  "libexample",
                                  "2.36-9+deb12u9",
                                  "2.36-9+deb12u10",
                                  "for environment c, image"});
}

TEST_CASE("changed_inputs: what is no provenance is refused by the name of what is missing",
          "[attest]") {
  const auto good = golden("provenance.json");
  for (const auto& bad : {Json::object(),
                          Json{{"buildDefinition", 1}},
                          Json{{"buildDefinition", {{"resolvedDependencies", {1}}}}},
                          Json{{"buildDefinition", {{"resolvedDependencies", {{{"name", 1}}}}}}}}) {
    INFO(bad.dump());
    try {
      (void)changed_inputs(good, bad);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::input);
      CHECK(error.message().find("the provenance") != std::string::npos);
    }
  }
}

TEST_CASE("versions_of: components and packages, without the image, its system and patches",
          "[attest]") {
  const auto versions = versions_of(golden("sbom.spdx.json"));
  REQUIRE(!versions.empty());
  for (const auto& [what, version] : versions) {
    CHECK((what.first == "component" || what.first == "package"));
    CHECK(what.second.find(".patch") == std::string::npos);
    CHECK_FALSE(version.empty());
  }
  CHECK(versions.contains({"component", "zlib"}));
}
