// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/provenance.hpp"

#include <catch2/catch.hpp>

#include "sample.hpp"

namespace cullet::attest {
namespace {

Circumstances circumstances(const Sample& sample) {
  Circumstances out;
  out.builder = "https://ci.example.com/images";
  out.version = "0.1.0";
  out.started = 1000;
  out.finished = 2000;
  for (const auto& path : workspace_files(sample.plan, sample.plan.targets[0]))
    out.files[path] = sha256(path);
  return out;
}

Json dependency(const Json& predicate, const std::string& name) {
  for (const auto& one : predicate.at("buildDefinition").at("resolvedDependencies"))
    if (one.at("name") == name)
      return one;
  return nullptr;
}

TEST_CASE("workspace_files: all that the build reads there, and nothing else", "[attest]") {
  const Sample sample;
  CHECK(workspace_files(sample.plan, sample.plan.targets[0]) ==
        std::vector<std::string>{"cullet.lock",
                                 "cullet.yaml",
                                 "forks/zlib.yaml",
                                 "forks/zlib/fix.patch",
                                 "recipes/zlib.yaml"});
}

TEST_CASE("provenance: every input is there by digest, and no password", "[attest]") {
  const Sample sample;
  const auto made = provenance(sample.plan, sample.plan.targets[0], circumstances(sample));
  CHECK(dependency(made, "fork zlib") ==
        Json{{"name", "fork zlib"},
             {"uri", "git+https://git.example.com/zlib.git"},
             {"digest", {{"gitCommit", std::string(40, 'a')}}},
             {"annotations",
              {{"fork", "zlib"},
               {"upstream", "git+https://github.com/madler/zlib.git"},
               {"version", "1.2.13"}}}});
  const auto patch = dependency(made, "zlib/fix.patch");
  CHECK(patch.at("digest").at("sha256") == sha256(std::string_view("forks/zlib/fix.patch")).hex());
  CHECK(patch.at("annotations").at("fixes") == Json{"CVE-2023-45853"});
  CHECK(dependency(made, "gcc").at("annotations").at("for") == Json{"environment c"});
  CHECK(dependency(made, "libc6").at("annotations").at("for") == Json{"image"});
  CHECK(dependency(made, "libc6").at("digest").at("sha256") ==
        sha256(std::string_view("libc6")).hex());
  CHECK(dependency(made, "recipes/zlib.yaml").is_object());
  CHECK(made.at("runDetails").at("builder").at("id") == "https://ci.example.com/images");
  CHECK(made.at("buildDefinition").at("internalParameters").at("assembly") == 1);
  CHECK(made.at("buildDefinition").at("internalParameters").at("forks") == Json{{"zlib", "zlib"}});
  CHECK(made.dump().find("secret") == std::string::npos);
}

TEST_CASE("provenance: as verifiers have read it since", "[attest]") {
  const Sample sample;
  auto made = provenance(sample.plan, sample.plan.targets[0], circumstances(sample));
  // These two say which libzstd this machine has.
  auto& internal = made["buildDefinition"]["internalParameters"];
  CHECK(internal["compressor"].get<std::string>().rfind("zstd ", 0) == 0);
  CHECK(Sha256::parse(internal["key"].get<std::string>()));
  internal["compressor"] = internal["key"] = "-";
  check_golden("provenance.json", made);
}

TEST_CASE("provenance: times and comments make no second account, other inputs do", "[attest]") {
  const Sample sample;
  const auto& target = sample.plan.targets[0];
  auto how = circumstances(sample);
  const auto made = provenance(sample.plan, target, how);
  how.started = 5;
  how.files["recipes/zlib.yaml"] = sha256(std::string_view("a comment more"));
  CHECK(same_provenance(made, provenance(sample.plan, target, how)));
  CHECK_FALSE(same_provenance_of_files(made, provenance(sample.plan, target, how)));
  how.files = circumstances(sample).files;
  CHECK(same_provenance_of_files(made, provenance(sample.plan, target, how)));
  how.files["forks/zlib/fix.patch"] = sha256(std::string_view("another patch"));
  CHECK_FALSE(same_provenance(made, provenance(sample.plan, target, how)));
  how = circumstances(sample);
  how.builder = "urn:other";
  CHECK_FALSE(same_provenance(made, provenance(sample.plan, target, how)));
  CHECK_FALSE(same_provenance(Json::object(), made));
  auto older = made;
  older["buildDefinition"]["internalParameters"].erase("forks");
  CHECK_FALSE(same_provenance(older, made));
}

}  // namespace
}  // namespace cullet::attest
