// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/explain.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "cullet/attest/bill.hpp"
#include "cullet/attest/provenance.hpp"

#include "sample.hpp"

namespace cullet::attest {
namespace {

using archive::EntryType;

const std::vector<std::string> kLayers = {"packages bookworm libc6", "zlib", "files"};

/// The sample's statements: each content has one file of its own.
struct Stated {
  Sample sample;
  Json spdx, provenance;

  explicit Stated(bool with_sha1 = true, Sample made = Sample()) : sample(std::move(made)) {
    auto contents = contents_of(sample.plan, sample.plan.targets[0], [](const TreeDigest&) {
      return store::TreeManifest(std::vector<store::TreeEntry>{});
    });
    for (auto& content : contents) {
      const auto kind = content.origin->kind;
      const std::string path = kind == plan::ActionKind::component  ? library(*content.origin)
                               : kind == plan::ActionKind::packages ? "libc.so"
                                                                    : "motd";
      content.manifest = store::TreeManifest({{.path = *RelativePath::parse(path),
                                               .type = store::TreeEntryType::file,
                                               .mode = 0644,
                                               .size = 1,
                                               .content = sha256(path),
                                               .target = {}}});
      if (with_sha1)
        content.sha1[path] = std::string(40, '1');
      if (kind == plan::ActionKind::packages)
        content.package[path] = "libc6";
    }
    const auto& target = sample.plan.targets[0];
    spdx = attest::spdx(
        bill(sample.plan, target, contents, [](const std::string&) { return Sample::patch(); }),
        "0.1.0",
        1);
    Circumstances circumstances;
    circumstances.builder = "urn:test";
    for (const auto& path : workspace_files(sample.plan, target))
      circumstances.files[path] = sha256(path);
    provenance = attest::provenance(sample.plan, target, circumstances);
  }
  [[nodiscard]] Account account() const { return Account(spdx, provenance); }

 private:
  static std::string library(const plan::Node& component) {
    return component.subject == "zlib" ? "libz.so" : component.subject + ".so";
  }
};

void put(image::Contents& contents,
         const std::string& path,
         std::size_t layer,
         EntryType type = EntryType::file,
         const std::string& bytes = {}) {
  image::File file{{.path = *RelativePath::parse(path), .type = type, .target = {}, .xattrs = {}},
                   {},
                   layer,
                   {layer, 0}};
  if (type == EntryType::file || type == EntryType::hardlink)
    file.content = sha256(bytes.empty() ? path : bytes);
  contents.insert_or_assign(path, file);
}

image::Contents image_contents() {
  image::Contents out;
  put(out, "libc.so", 0);
  put(out, "libz.so", 1);
  put(out, "libz.so.1", 1, EntryType::symlink);
  put(out, "motd", 2);
  put(out, "var", 2, EntryType::directory);
  return out;
}

Explanation of(const std::vector<Explanation>& list, const std::string& path) {
  return *std::find_if(
      list.begin(), list.end(), [&](const Explanation& one) { return one.path == path; });
}

std::string problem(const image::Contents& contents,
                    const std::string& path,
                    const std::vector<std::string>& layers = kLayers) {
  const auto account = Stated().account();
  return of(explain(account, contents, layers), path).problem;
}

TEST_CASE("explain: every path of an image as it was built has its origin", "[attest]") {
  const auto account = Stated().account();
  const auto contents = image_contents();
  const auto list = explain(account, contents, kLayers);
  REQUIRE(list.size() == contents.size());
  for (const auto& one : list)
    CHECK(one.problem.empty());
  const auto library = of(list, "libz.so");
  REQUIRE(library.origin != nullptr);
  CHECK(library.origin->kind == Origin::Kind::component);
  CHECK(library.origin->name == "zlib");
  CHECK(library.origin->commit == std::string(40, 'a'));
  CHECK(library.origin->repository == "git+https://git.example.com/zlib.git");
  CHECK(library.recipe == "recipes/zlib.yaml");
  REQUIRE(library.origin->patches.size() == 1);
  const auto& patch = library.origin->patches[0];
  CHECK(patch.name == "zlib/fix.patch");
  CHECK(patch.digest == sha256(std::string_view("forks/zlib/fix.patch")).str());
  CHECK(patch.fixes == std::vector<std::string>{"CVE-2023-45853"});
  CHECK(of(list, "libz.so.1").origin == library.origin);
  const auto package = of(list, "libc.so");
  REQUIRE(package.origin != nullptr);
  CHECK(package.origin->kind == Origin::Kind::package);
  CHECK(package.origin->name == "libc6");
  CHECK(package.recipe.empty());
  const auto declared = of(list, "motd");
  REQUIRE(declared.origin != nullptr);
  CHECK(declared.origin->kind == Origin::Kind::image);
  CHECK(declared.recipe == "recipes/zlib.yaml");
  CHECK(of(list, "var").origin == nullptr);
  CHECK(missing(account, contents).empty());
}

TEST_CASE("explain: other bytes, other names and other layers are explained by nothing",
          "[attest]") {
  auto contents = image_contents();
  put(contents, "libz.so", 1, EntryType::file, "evil");
  CHECK(problem(contents, "libz.so") == "its bytes are not those that the SBOM names");
  // The bytes of another path are not this one's.
  put(contents, "libz.so", 1, EntryType::file, "libc.so");
  CHECK(problem(contents, "libz.so") == "its bytes are not those that the SBOM names");
  put(contents, "evil", 1);
  CHECK(problem(contents, "evil") == "the SBOM does not name it");
  put(contents, "again", 1, EntryType::hardlink, "libz.so");
  CHECK(problem(contents, "again") == "the SBOM does not name it");

  // The same bytes again, in a foreign layer: the mode may be another.
  auto layers = kLayers;
  layers.emplace_back();
  put(contents, "libz.so", 3);
  CHECK(problem(contents, "libz.so", layers) ==
        "layer 3 was made by nothing that the statements know");
  put(contents, "link", 3, EntryType::symlink);
  CHECK(problem(contents, "link", layers) ==
        "layer 3 was made by nothing that the statements know");
  layers[3] = "pcre2:lib";
  CHECK(problem(contents, "link", layers) == "layer 3 (pcre2:lib) is in no statement");
  layers[3] = "output bookworm libc6 part 0123abcd";
  CHECK(problem(contents, "link", layers).empty());
  layers[3] = "packages bookworm nmap";
  CHECK(problem(contents, "link", layers) == "layer 3 (packages bookworm nmap) is in no statement");
}

TEST_CASE("missing: what the SBOM names and the image has not", "[attest]") {
  const auto account = Stated().account();
  auto contents = image_contents();
  contents.erase("libc.so");
  CHECK(missing(account, contents) == std::vector<std::string>{"libc.so"});
}

TEST_CASE("explain: without a list of files, one is as good as its layer", "[attest]") {
  const auto account = Stated(false).account();
  CHECK_FALSE(account.lists_files());
  const auto contents = image_contents();
  const auto list = explain(account, contents, kLayers);
  for (const auto& one : list)
    CHECK(one.problem.empty());
  REQUIRE(of(list, "libz.so").origin != nullptr);
  CHECK(of(list, "libz.so").origin->name == "zlib");
  auto layers = kLayers;
  layers[1].clear();
  CHECK_FALSE(of(explain(account, contents, layers), "libz.so").problem.empty());
}

/// Recipes that have the name of another's fork; both forks are of one upstream and version.
Sample crossed() {
  const std::string steps = "environment: c\nsteps: [{ run: make }]\n";
  return Sample({{"small", Sample::fork()}, {"zzz", Sample::fork() + Sample::fix("zzz/fix.patch")}},
                {{"small", "fork: zzz\n" + steps},
                 {"other", "fork: small\n" + steps},
                 {"holder", "image:\n  contents: [small, other]\n"}},
                "holder");
}

TEST_CASE("explain: a layer is of its recipe's fork, whatever else has the recipe's name",
          "[attest]") {
  const std::vector<std::string> layers = {"small", "other"};
  image::Contents contents;
  put(contents, "small.so", 0);
  put(contents, "small.link", 0, EntryType::symlink);
  put(contents, "other.so", 1);
  put(contents, "other.link", 1, EntryType::symlink);
  for (const bool lists_files : {true, false}) {
    const Stated stated(lists_files, crossed());
    const auto account = stated.account();
    REQUIRE(account.lists_files() == lists_files);
    const auto list = explain(account, contents, layers);
    for (const auto& one : list) {
      INFO(one.path);
      CHECK(one.problem.empty());
      REQUIRE(one.origin != nullptr);
      const bool patched = one.path.starts_with("small");
      CHECK(one.origin->name == (patched ? "zzz" : "small"));
      CHECK(one.origin->patches.size() == (patched ? 1 : 0));
      CHECK(one.recipe == (patched ? "recipes/small.yaml" : "recipes/other.yaml"));
    }
  }
}

TEST_CASE("explain: provenance that doesn't say a recipe's fork leaves it unknown", "[attest]") {
  Stated stated;
  auto& internal = stated.provenance["buildDefinition"]["internalParameters"];
  internal.erase("forks");
  const auto contents = image_contents();
  const auto account = stated.account();
  const auto list = explain(account, contents, kLayers);
  CHECK(of(list, "libz.so.1").origin == nullptr);
  CHECK(of(list, "libz.so.1").recipe == "recipes/zlib.yaml");
  CHECK(of(list, "libz.so.1").problem.empty());
  REQUIRE(of(list, "libz.so").origin != nullptr);
  CHECK(of(list, "libz.so").origin->name == "zlib");
  // A fork that the SBOM knows nothing of is no explanation.
  internal["forks"] = {{"zlib", "other"}};
  const auto contradicting = stated.account();
  CHECK(of(explain(contradicting, contents, kLayers), "libz.so.1").problem ==
        "layer 1 (zlib) is in no statement");
  internal["forks"] = {{"zlib", 7}};
  CHECK_THROWS_AS(stated.account(), Error);
}

TEST_CASE("Account: what is no such document is refused by name, never a crash", "[attest]") {
  const Stated stated;
  const auto refused = [](const Json& spdx, const Json& provenance) {
    try {
      const Account account(spdx, provenance);
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::input);
      return error.message();
    }
    return std::string();
  };
  CHECK(refused(Json::array(), stated.provenance).find("the SBOM") == 0);
  CHECK(refused(stated.spdx, Json("text")).find("the provenance") == 0);
  auto spdx = stated.spdx;
  spdx["files"][0]["checksums"][1]["checksumValue"] = "AB";
  CHECK(refused(spdx, stated.provenance) == "the SBOM: 'AB' is no SHA-256");
  spdx = stated.spdx;
  spdx["files"][0].erase("checksums");
  CHECK(refused(spdx, stated.provenance).find("checksums") != std::string::npos);
  spdx = stated.spdx;
  spdx["relationships"] = Json::array();
  CHECK(refused(spdx, stated.provenance).find("belongs to no package") != std::string::npos);
  // Every member, one after the other, as something that it can't be.
  const auto spdx_members = stated.spdx.flatten();
  for (const auto& [pointer, value] : spdx_members.items()) {
    spdx = stated.spdx;
    spdx[Json::json_pointer(pointer)] = Json::array({nullptr});
    static_cast<void>(refused(spdx, stated.provenance));
  }
  const auto provenance_members = stated.provenance.flatten();
  for (const auto& [pointer, value] : provenance_members.items()) {
    auto provenance = stated.provenance;
    provenance[Json::json_pointer(pointer)] = Json::array({nullptr});
    static_cast<void>(refused(stated.spdx, provenance));
  }
}

TEST_CASE("explain: a component whose fork provenance doesn't name is a problem") {
  Stated stated;
  auto& dependencies = stated.provenance["buildDefinition"]["resolvedDependencies"];
  for (auto it = dependencies.begin(); it != dependencies.end();)
    it = it->at("name") == "fork zlib" ? dependencies.erase(it) : std::next(it);
  const auto account = stated.account();
  image::Contents contents;
  put(contents, "libz.so", 1);
  const auto list = explain(account, contents, kLayers);
  REQUIRE(list.size() == 1);
  CHECK(list[0].problem == "the provenance does not name the commit that zlib was built from");
}

TEST_CASE("Account: a dependency that is no object is refused") {
  Stated stated;
  stated.provenance["buildDefinition"]["resolvedDependencies"] = Json::array({7});
  CHECK_THROWS_AS(stated.account(), Error);
}

}  // namespace
}  // namespace cullet::attest
