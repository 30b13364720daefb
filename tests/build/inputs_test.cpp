// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/inputs.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/oci_layout.hpp"

#include "support/crowded_repository.hpp"

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

/// A layout with an image, and lists of inputs beside it.
class Beside {
 public:
  Beside()
      : directory_(std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp", "inputs"),
        repository(image::open_layout(directory_.path() / "layout", true, Cancel())) {
    image = put("{}", std::string(image::kConfigType), {});
  }
  void add(const InputsManifest& list) { put(list.serialize(), std::string(kInputsType), image); }
  /// The sample, but for what cullet.yaml says.
  void add(const std::string& config) {
    auto list = sample();
    list.inputs[0].digest = BlobDigest(sha256(config));
    add(list);
  }
  static DemandedInputs demand(const std::string& config) {
    DemandedInputs out;
    out.files.emplace("cullet.yaml", sha256(config));
    return out;
  }
  image::Descriptor put(const std::string& config,
                        const std::string& type,
                        std::optional<image::Descriptor> subject) {
    image::Manifest manifest;
    manifest.config = image::Descriptor::of(config, type);
    if (subject)
      manifest.artifact_type = type;
    manifest.subject = std::move(subject);
    repository->put_blob(manifest.config,
                         {[&config] { return std::make_unique<MemorySource>(config); }, {}, {}});
    return repository->put_manifest(manifest.serialize(), std::string(image::kManifestType));
  }

 private:
  TemporaryDirectory directory_;

 public:
  std::unique_ptr<image::Repository> repository;
  image::Descriptor image;
};

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

TEST_CASE("find_demanded_inputs: of many lists, the one that a statement names, whichever it is") {
  Beside beside;
  constexpr int kLists = 70;
  for (int n = 0; n < kLists; ++n)
    beside.add(cat("build ", n));
  CHECK(find_inputs(*beside.repository, beside.image));
  for (int n = 0; n < kLists; n += 23) {
    const auto found = find_demanded_inputs(*beside.repository,
                                            beside.image,
                                            {Beside::demand("of no build"),
                                             Beside::demand(cat("build ", n)),
                                             Beside::demand("nor this")});
    REQUIRE(found);
    CHECK(found->demanded == 1);
    CHECK(found->list.inputs[0].digest == BlobDigest(sha256(cat("build ", n))));
  }
  const auto none = [&] {
    find_demanded_inputs(*beside.repository, beside.image, {Beside::demand("of no build")});
  };
  CHECK_THAT(failure(Kind::refused, none), Catch::Contains("another: cullet.yaml"));
}

TEST_CASE("find_inputs: what can't be read hides nothing, and is told where it is all there is") {
  Beside beside;
  CHECK_FALSE(find_inputs(*beside.repository, beside.image));
  CHECK_FALSE(
      find_demanded_inputs(*beside.repository, beside.image, {Beside::demand("of no build")}));
  for (const auto* text : {"{}", "[]", "text", "{\"inputs\":2}"})
    beside.put(text, std::string(kInputsType), beside.image);
  failure(Kind::input, [&] { find_inputs(*beside.repository, beside.image); });
  beside.add(sample());
  CHECK(find_inputs(*beside.repository, beside.image).value().inputs == sample().inputs);
}

TEST_CASE("find_inputs: somebody's crowd beside an image is not read without end") {
  Beside beside;
  beside.add(sample());
  CrowdedRepository few(*beside.repository, kMostListsRead - 1, std::string(kInputsType));
  CHECK(find_inputs(few, beside.image));
  CrowdedRepository many(*beside.repository, kMostListsRead + 1, std::string(kInputsType));
  CHECK_THAT(failure(Kind::input, [&] { find_inputs(many, beside.image); }),
             Catch::Contains("1000 of 1002 were read"));
  CHECK(many.asked == kMostListsRead);
}

TEST_CASE("Input: two archives of one name are two") {
  const auto first = input(Input::Kind::archive, "v1.0.tar", "one");
  const auto second = input(Input::Kind::archive, "v1.0.tar", "two");
  CHECK(std::set<Input>{first, second, first}.size() == 2);
}

}  // namespace cullet::build
