// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/inputs.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

namespace cullet::build {
namespace {

const std::string kCommit(40, 'c');

Input input(Input::Kind kind, const std::string& name, const std::string& content) {
  Input out{kind, name, {}, BlobDigest(sha256(content)), content.size()};
  if (kind == Input::Kind::commit || kind == Input::Kind::change)
    out.commit = kCommit;
  return out;
}

InputsManifest sample() {
  return {"nginx",
          {input(Input::Kind::workspace, "cullet.yaml", "config"),
           input(Input::Kind::workspace, "forks/zlib/fix.patch", "patch"),
           input(Input::Kind::workspace, "recipes/nginx.yaml", "recipe"),
           input(Input::Kind::package, "libc6.deb", "deb"),
           input(Input::Kind::archive, "zlib.tar", "archive"),
           input(Input::Kind::commit, "fork nginx", "objects"),
           input(Input::Kind::change, "fork nginx: patch cc", "change")}};
}

Json file(const std::string& name, const Sha256& digest) {
  return {{"name", name}, {"digest", {{"sha256", digest.hex()}}}};
}

Json provenance() {
  auto imported = Json{{"name", "fork zlib"},
                       {"digest", {{"gitCommit", std::string(40, 'd')}}},
                       {"annotations", {{"fork", "zlib"}}}};
  auto archive = file("zlib.tar", sha256("archive"));
  archive["annotations"] = {{"fork", "zlib"}, {"import", 1}};
  return {{"buildDefinition",
           {{"externalParameters", {{"workspace", {"cullet.yaml", "recipes/nginx.yaml"}}}},
            {"resolvedDependencies",
             {file("cullet.yaml", sha256("config")),
              file("recipes/nginx.yaml", sha256("recipe")),
              imported,
              archive,
              {{"name", "fork nginx"}, {"digest", {{"gitCommit", kCommit}}}},
              file("libc6", sha256("deb"))}}}}};
}

std::string failure(Kind kind, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.render();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("InputsManifest: printing and parsing undo each other") {
  const auto list = sample();
  const auto parsed = InputsManifest::parse(list.serialize(), "list");
  CHECK(parsed.recipe == "nginx");
  CHECK(parsed.inputs == list.inputs);
  CHECK(parsed.bytes() == 6 + 5 + 6 + 3 + 7 + 7 + 6);
  auto shuffled = list;
  std::swap(shuffled.inputs[0], shuffled.inputs[5]);
  CHECK(shuffled.serialize() == list.serialize());
}

TEST_CASE("InputsManifest::parse: only what serialize() writes is taken") {
  const auto good = Json::parse(sample().serialize());
  const auto bad = [&](const std::string& text, const std::function<void(Json&)>& edit) {
    auto json = good;
    edit(json);
    CHECK_THAT(failure(Kind::input, [&] { InputsManifest::parse(canonical(json), "list"); }),
               Catch::Contains(text));
  };
  bad("version 2", [](Json& json) { json["inputs"] = 2; });
  for (const auto* name : {"", "..", "../../home", "a/b", "A", "-x"})
    bad("is no recipe's name", [&](Json& json) { json["recipe"] = name; });
  bad("no kind of input 'hook'", [](Json& json) { json["list"][0]["kind"] = "hook"; });
  for (const auto* name : {"../cullet.yaml",
                           "/etc/passwd",
                           "recipes/../../x.yaml",
                           "recipes//x.yaml",
                           "recipes/run.sh",
                           ".git/hooks/pre-commit",
                           "keys/release.pem",
                           "forks",
                           ""})
    bad("is no workspace's file", [&](Json& json) { json["list"][2]["name"] = name; });
  bad("no SHA-256 digest", [](Json& json) { json["list"][0]["digest"] = "sha512:00"; });
  bad("is no commit id", [](Json& json) { json["list"][5]["commit"] = "HEAD"; });
  bad("is out of order", [](Json& json) { std::swap(json["list"][0], json["list"][1]); });
  bad("is out of order", [](Json& json) { json["list"][1] = json["list"][0]; });
  bad("is there twice", [](Json& json) {
    json["list"][1]["name"] = "cullet.yaml";
    json["list"][1]["digest"] = "sha256:" + std::string(64, 'f');
  });
  bad("names more than 256.0 GiB", [](Json& json) { json["list"][3]["size"] = kMaxInputsBytes; });
  bad("canonical form", [](Json& json) { json["more"] = 1; });
  bad("canonical form", [](Json& json) { json["list"][0]["commit"] = kCommit; });
  failure(Kind::input, [&] { InputsManifest::parse(good.dump(2), "list"); });
  failure(Kind::input, [&] { InputsManifest::parse("[]", "list"); });
}

TEST_CASE("InputsManifest::same: a commit is known by its id, all else by its bytes") {
  const auto list = sample();
  auto repacked = list;
  repacked.inputs[5].digest = BlobDigest(sha256("packed by another zstd"));
  CHECK(list.same(repacked));
  auto changed = list;
  changed.inputs[2].digest = BlobDigest(sha256("another recipe"));
  CHECK_FALSE(list.same(changed));
  auto fewer = list;
  fewer.inputs.pop_back();
  CHECK_FALSE(list.same(fewer));
}

TEST_CASE("DemandedInputs: what provenance names must be there, with its digest") {
  const auto demanded = DemandedInputs::of_provenance(provenance());
  CHECK(demanded.files.size() == 2);
  CHECK(demanded.blobs.size() == 2);
  // An imported fork's commit follows from its archive.
  CHECK(demanded.commits == std::map<std::string, std::string>{{kCommit, "fork nginx"}});
  demanded.check(sample());

  const auto refused = [&](const std::string& text, std::size_t index, bool other) {
    auto list = sample();
    if (other)
      list.inputs[index].digest = BlobDigest(sha256("something else"));
    else
      list.inputs.erase(list.inputs.begin() + static_cast<std::ptrdiff_t>(index));
    CHECK_THAT(failure(Kind::refused, [&] { demanded.check(list); }), Catch::Contains(text));
  };
  refused("another: recipes/nginx.yaml", 2, true);
  refused("missing: recipes/nginx.yaml", 2, false);
  refused("missing: libc6", 3, true);
  refused("missing: zlib.tar", 4, false);
  auto list = sample();
  list.inputs.resize(5);
  CHECK_THAT(failure(Kind::refused, [&] { demanded.check(list); }),
             Catch::Contains("missing: fork nginx, commit"));
  auto twice = provenance();
  auto& dependencies = twice["buildDefinition"]["resolvedDependencies"];
  dependencies.push_back(file("cullet.yaml", sha256("another")));
  CHECK_THAT(failure(Kind::input, [&] { DemandedInputs::of_provenance(twice); }),
             Catch::Contains("'cullet.yaml' is there twice"));
  failure(Kind::input, [] { DemandedInputs::of_provenance(Json::object()); });
  failure(Kind::input, [] { DemandedInputs::of_provenance("text"); });
}

}  // namespace cullet::build
