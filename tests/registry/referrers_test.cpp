// SPDX-License-Identifier: Apache-2.0
#include "referrers.hpp"

#include <catch2/catch.hpp>

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::fault;
using test::kProxied;
using test::kScripted;
using test::Peer;
using test::Servers;

namespace {

Json index_of(const std::vector<image::Descriptor>& entries) {
  Json manifests = Json::array();
  for (const auto& entry : entries)
    manifests.push_back(entry.to_json());
  return {{"schemaVersion", 2}, {"mediaType", image::kIndexType}, {"manifests", manifests}};
}

Json page(const Json& index, const std::string& next = "") {
  Json headers = {{"Content-Type", image::kIndexType}};
  if (!next.empty())
    headers["Link"] = "<" + next + ">; rel=\"next\"";
  return {{"status", 200}, {"set_headers", headers}, {"body", index.dump()}};
}

image::Descriptor entry(const std::string& content, const std::string& type) {
  auto descriptor = image::Descriptor::of(content, std::string(image::kManifestType));
  descriptor.artifact_type = type;
  return descriptor;
}

std::vector<std::string> types(const std::vector<image::Descriptor>& referrers) {
  std::vector<std::string> result;
  for (const auto& referrer : referrers)
    result.push_back(referrer.artifact_type);
  std::sort(result.begin(), result.end());
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

#define REQUIRE_REGISTRY() CULLET_REQUIRE_PROGRAMS("docker-registry", "python3", "bash", "setpriv")

TEST_CASE("Referrers: the fallback tag where the registry has no API") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  CHECK(repository->referrers(image.digest).empty());
  const auto first = test::put_referrer(*repository, image, "type/a", "1");
  const auto second = test::put_referrer(*repository, image, "type/b", "2");
  test::put_referrer(*repository, image, "type/b", "2");  // again: listed once
  const auto all = repository->referrers(image.digest);
  REQUIRE(all.size() == 2);
  CHECK(all[0].digest < all[1].digest);
  const auto only = repository->referrers(image.digest, "type/b");
  REQUIRE(only.size() == 1);
  CHECK(only[0].digest == second.digest);
  CHECK(only[0].size == second.size);
  CHECK(only[0].annotations.at("about") == "2");
  CHECK(repository->missing_referrers(image.digest, {first, second}).empty());
  CHECK(repository->missing_referrers(image.digest, {first, image}).size() == 1);
}

TEST_CASE("Referrers: what others wrote into the fallback index stays as it is") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  const auto referrer = test::put_referrer(*repository, image, "type/a", "1");
  const auto tag = "sha256-" + image.digest.hex();
  auto index = index_of({});
  index["artifactType"] = "their/own";
  auto theirs = image.to_json();
  theirs["platform"] = {{"os", "linux"}, {"architecture", "arm64"}};
  auto mislabelled = referrer.to_json();
  mislabelled["artifactType"] = image::kEmptyType;
  index["manifests"] = Json::array({theirs, mislabelled});
  const auto bytes = canonical(index);
  repository->put_manifest(bytes, std::string(image::kIndexType));
  repository->put_tag(tag, image::Descriptor::of(bytes, std::string(image::kIndexType)), bytes);

  test::put_referrer(*repository, image, "type/a", "1");
  const auto found = repository->find_manifest(repository->find_tag(tag)->digest);
  const auto now = Json::parse(found->bytes);
  CHECK(now["artifactType"] == "their/own");
  REQUIRE(now["manifests"].size() == 2);
  CHECK(now["manifests"][0] == theirs);
  CHECK(now["manifests"][1]["artifactType"] == "type/a");
}

TEST_CASE("Referrers: a lost race for the fallback tag is run again") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  const auto tag = "sha256-" + image.digest.hex();
  SECTION("another writer wrote after us") {
    servers.script(Json::array(
        {fault("GET .*/manifests/" + tag, 1, page(index_of({entry("other", "x")})), 1)}));
    const auto referrer = test::put_referrer(*repository, image, "type/a", "1");
    CHECK(servers.count("PUT", tag) == 1);
    CHECK(repository->missing_referrers(image.digest, {referrer}).empty());
  }
  SECTION("again and again") {
    servers.script(Json::array({fault("GET .*/manifests/" + tag, 999, page(index_of({})))}));
    const auto error =
        test::failure([&] { test::put_referrer(*repository, image, "type/a", "1"); });
    CHECK(error.kind() == Kind::machine);
    CHECK_THAT(error.message(), Catch::Contains("others keep changing some/app:" + tag));
    CHECK(servers.count("PUT", tag) == 5);
  }
  SECTION("the registry compares ETags") {
    test::put_referrer(*repository, image, "type/a", "1");
    servers.forget();
    servers.script(Json::array({fault("PUT .*/manifests/" + tag, 1, {{"status", 412}})}));
    test::put_referrer(*repository, image, "type/b", "2");
    CHECK(servers.count("PUT", tag) == 2);
    CHECK(types(repository->referrers(image.digest)) == Names{"type/a", "type/b"});
    for (const auto& request : servers.requests())
      if (request["method"] == "PUT" && request["path"].get<std::string>().ends_with(tag))
        CHECK(request["headers"].contains("If-Match"));
  }
}

TEST_CASE("Referrers: a tag that can't be changed says what is to do") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  servers.script(Json::array({fault("PUT .*/manifests/sha256-", 9, {{"status", 400}})}));
  const auto error = test::failure([&] { test::put_referrer(*repository, image, "t", "1"); });
  CHECK(error.kind() == Kind::machine);
  CHECK_THAT(error.hints().back(), Catch::Contains("exempt tags that begin with 'sha256-'"));
}

TEST_CASE("Referrers: OCI-Subject says that the registry lists by itself") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  servers.script(Json::array(
      {fault("PUT .*/manifests/", 9, {{"set_headers", {{"OCI-Subject", image.digest.str()}}}})}));
  test::put_referrer(*repository, image, "t", "1");
  CHECK(servers.count("PUT", "/manifests/sha256-") == 0);
}

TEST_CASE("Referrers: the API, over pages, filtered here too") {
  REQUIRE_REGISTRY();
  const Servers servers(kScripted);
  Peer peer(servers);
  auto repository = peer.open();
  const BlobDigest subject(sha256("subject"));
  servers.script(Json::array(
      {fault("GET .*/referrers/.*page=2", 9, page(index_of({entry("c", "x"), entry("a", "x")}))),
       fault("GET .*/referrers/",
             9,
             page(index_of({entry("a", "x"), entry("b", "y")}),
                  "/v2/some/app/referrers/" + subject.str() + "?page=2"))}));
  CHECK(types(repository->referrers(subject)) == Names{"x", "x", "y"});
  CHECK(types(repository->referrers(subject, "y")) == Names{"y"});
  CHECK(servers.count("GET", "artifactType=y") == 1);
}

TEST_CASE("Referrers: no API, in all the ways registries say so") {
  REQUIRE_REGISTRY();
  const Servers servers(kScripted);
  Peer peer(servers);
  const BlobDigest subject(sha256("subject"));
  const auto fallback =
      fault("GET .*/manifests/sha256-" + subject.hex(), 9, page(index_of({entry("a", "x")})));
  for (const auto& action : std::vector<Json>{{{"status", 404}},
                                              {{"status", 400}},
                                              {{"status", 403}},
                                              {{"status", 405}},
                                              {{"status", 406}},
                                              {{"status", 200}, {"body", "<html>"}},
                                              page(index_of({}))}) {
    INFO(action);
    servers.script(Json::array({fault("GET .*/referrers/", 9, action), fallback}));
    CHECK(types(peer.open()->referrers(subject)) == Names{"x"});
  }
}

TEST_CASE("Referrers: trouble is not taken for absence") {
  REQUIRE_REGISTRY();
  const Servers servers(kScripted);
  Peer peer(servers);
  const BlobDigest subject(sha256("subject"));
  for (const int status : {401, 429, 500, 503}) {
    servers.script(Json::array({fault("GET .*/referrers/", 99, {{"status", status}})}));
    CHECK_THAT(test::failure([&] { peer.open()->referrers(subject); }).message(),
               Catch::EndsWith(cat("status ", status)));
  }
}

TEST_CASE("Referrers: entries that can't be read hide no others") {
  REQUIRE_REGISTRY();
  const Servers servers(kScripted);
  Peer peer(servers);
  auto index = index_of({entry("a", "x")});
  index["manifests"].push_back(1);
  index["manifests"].push_back({{"mediaType", "x"}, {"digest", "sha512:00"}, {"size", 1}});
  index["manifests"].push_back({{"digest", nullptr}});
  servers.script(Json::array({fault("GET .*/referrers/", 9, page(index))}));
  CHECK(types(peer.open()->referrers(BlobDigest(sha256("subject")))) == Names{"x"});
}

TEST_CASE("Referrers: a type that the list has wrong is read from the manifest") {
  REQUIRE_REGISTRY();
  const Servers servers(kProxied);
  Peer peer(servers);
  auto repository = peer.open();
  const auto image = test::put_image(*repository, {"one"});
  auto referrer = test::put_referrer(*repository, image, "type/a", "1");
  referrer.artifact_type = GENERATE("", "application/vnd.oci.empty.v1+json");
  servers.script(Json::array({fault("GET .*/referrers/", 9, page(index_of({referrer})))}));
  CHECK(types(repository->referrers(image.digest, "type/a")) == Names{"type/a"});
  CHECK(repository->referrers(image.digest, "type/b").empty());
}
