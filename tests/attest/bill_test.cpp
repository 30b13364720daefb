// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/bill.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "sample.hpp"

namespace cullet::attest {
namespace {

store::TreeEntry entry(const std::string& path, store::TreeEntryType type) {
  return {.path = *RelativePath::parse(path),
          .type = type,
          .mode = 0644,
          .size = 1,
          .content = sha256(path),
          .target = {}};
}

/// The sample's image with a library and its hard link, libc and the declared file.
Bill sample_bill(const Sample& sample) {
  using Type = store::TreeEntryType;
  auto contents = contents_of(sample.plan, sample.plan.targets[0], [](const TreeDigest&) {
    auto link = entry("usr/b", Type::hardlink);
    link.target = "usr/a";
    return store::TreeManifest({entry("usr", Type::directory), entry("usr/a", Type::file), link});
  });
  for (auto& content : contents) {
    content.sha1["usr/a"] = std::string(40, '1');
    if (content.origin->kind == plan::ActionKind::packages)
      content.package["usr/a"] = "libc6";
  }
  auto made = bill(sample.plan, sample.plan.targets[0], contents, [](const std::string&) {
    return Sample::patch();
  });
  // The real one depends on the machine's libzstd.
  made.manifest = BlobDigest(sha256(std::string_view("manifest")));
  return made;
}

std::string owner(const Bill& bill, const Bill::File& file) {
  return file.package == bill.packages.size() ? "image" : bill.packages[file.package].name;
}

TEST_CASE("bill: each file belongs to its package, its component, or the image", "[attest]") {
  const Sample sample;
  const auto made = sample_bill(sample);
  CHECK(made.suite == "bookworm");
  REQUIRE(made.packages.size() == 2);
  std::vector<std::string> owned;
  for (const auto& file : made.files)
    owned.push_back(file.path + " " + owner(made, file));
  std::sort(owned.begin(), owned.end());
  CHECK(
      owned ==
      std::vector<std::string>{
          "usr/a image", "usr/a libc6", "usr/a zlib", "usr/b image", "usr/b image", "usr/b zlib"});
}

TEST_CASE("spdx: packages, patches and files with their relations; equal but for the time",
          "[attest]") {
  const Sample sample;
  const auto made = sample_bill(sample);
  const auto document = spdx(made, "0.1.0", 1000);
  std::map<std::string, Json> by_id;
  for (const auto* list : {"packages", "files"})
    for (const auto& element : document.at(list)) {
      CHECK(by_id.count(element.at("SPDXID")) == 0);
      by_id[element.at("SPDXID")] = element;
    }
  by_id["SPDXRef-DOCUMENT"] = document;
  std::map<std::string, int> relations;
  for (const auto& relation : document.at("relationships")) {
    CHECK(by_id.count(relation.at("spdxElementId")) == 1);
    CHECK(by_id.count(relation.at("relatedSpdxElement")) == 1);
    ++relations[relation.at("relationshipType")];
  }
  CHECK(relations ==
        std::map<std::string, int>{{"CONTAINS", 3 + 6}, {"DESCRIBES", 1}, {"PATCH_FOR", 1}});
  const auto& patch = by_id.at("SPDXRef-Patch-0");
  CHECK(patch.at("comment") == "fixes CVE-2023-45853");
  CHECK(patch.at("checksums")[0].at("checksumValue") == Sample::patch().hex());
  CHECK(document.dump().find("secret") == std::string::npos);
  CHECK(same_sbom(document, spdx(made, "0.1.0", 2000)));
  CHECK_FALSE(same_sbom(document, spdx(made, "0.2.0", 1000)));
}

TEST_CASE("cyclonedx: components by purl, with what scanners ask of Debian packages", "[attest]") {
  const Sample sample;
  const auto document = cyclonedx(sample_bill(sample), "0.1.0", 1000);
  CHECK(document.at("specVersion") == "1.5");
  REQUIRE(document.at("components").size() == 3);
  CHECK(document.at("components")[0].at("type") == "operating-system");
  CHECK(document.at("components")[1].at("purl") ==
        "pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12&upstream=glibc");
  const auto& zlib = document.at("components")[2];
  CHECK(zlib.at("pedigree").at("patches")[0].at("resolves")[0].at("id") == "CVE-2023-45853");
  CHECK(same_sbom(document, cyclonedx(sample_bill(sample), "0.1.0", 5)));
}

TEST_CASE("spdx, cyclonedx: as scanners have read them since", "[attest]") {
  const Sample sample;
  check_golden("sbom.spdx.json", spdx(sample_bill(sample), "0.1.0", 1000));
  check_golden("sbom.cdx.json", cyclonedx(sample_bill(sample), "0.1.0", 1000));
}

TEST_CASE("bill: an image with more files than fit lists packages alone, and says so", "[attest]") {
  const Sample sample;
  std::vector<store::TreeEntry> entries;
  for (std::size_t n = 0; n <= kMostListedFiles; ++n)
    entries.push_back(entry(cat("file", 1'000'000 + n), store::TreeEntryType::file));
  const store::TreeManifest manifest(std::move(entries));
  auto contents =
      contents_of(sample.plan, sample.plan.targets[0], [&](const TreeDigest&) { return manifest; });
  contents.erase(contents.begin() + 1, contents.end());
  for (const auto& file : manifest.entries())
    contents[0].sha1[file.path.str()] = std::string(40, '1');
  const auto patch = [](const std::string&) { return Sample::patch(); };
  const auto document =
      spdx(bill(sample.plan, sample.plan.targets[0], contents, patch), "0.1.0", 1000);
  CHECK_FALSE(document.contains("files"));
  CHECK(document.contains("comment"));
  for (const auto& package : document.at("packages"))
    CHECK_FALSE(package.at("filesAnalyzed").get<bool>());
  // One less fits, and so does its bundle.
  auto fewer = manifest.entries();
  fewer.pop_back();
  contents[0].manifest = store::TreeManifest(std::move(fewer));
  const auto made = bill(sample.plan, sample.plan.targets[0], contents, patch);
  CHECK(made.files.size() == kMostListedFiles);
  contents[0].sha1.erase(contents[0].sha1.begin());
  CHECK(bill(sample.plan, sample.plan.targets[0], contents, patch).files_left_out);
}

TEST_CASE("bill: two forks of one upstream are two components, told apart everywhere", "[attest]") {
  const std::string recipe = "environment: c\nsteps: [{ run: make }]\n";
  const Sample sample(
      {{"plain", Sample::fork()}, {"fixed", Sample::fork() + Sample::fix("fixed/fix.patch")}},
      {{"a", "fork: plain\n" + recipe},
       {"b", "fork: fixed\n" + recipe},
       {"image", "image:\n  contents: [a, b]\n"}},
      "image");
  const auto made = sample_bill(sample);
  REQUIRE(made.packages.size() == 2);
  CHECK(made.packages[0].purl == made.packages[1].purl);
  CHECK(made.packages[0].name == "fixed");
  CHECK(made.packages[0].patches.size() == 1);
  CHECK(made.packages[1].name == "plain");
  CHECK(made.packages[1].patches.empty());
  std::vector<std::string> owned;
  for (const auto& file : made.files)
    owned.push_back(file.path + " " + owner(made, file));
  CHECK(owned ==
        std::vector<std::string>{"usr/a fixed", "usr/a plain", "usr/b fixed", "usr/b plain"});
  const auto document = cyclonedx(made, "0.1.0", 1000);
  const auto& components = document.at("components");
  REQUIRE(components.size() == 2);
  CHECK(components[0].at("bom-ref") != components[1].at("bom-ref"));
}

TEST_CASE("md5sums_paths: paths as a merged /usr has them; nonsense is left out", "[attest]") {
  const std::string sum(32, 'a');
  CHECK(md5sums_paths(sum + "  lib/x.so\n" + sum + "  usr/bin/y\n" + sum + "  ../../etc/z\nfoo\n" +
                      sum + "  etc/w\n") ==
        std::vector<std::string>{"usr/lib/x.so", "usr/bin/y", "etc/w"});
}

}  // namespace
}  // namespace cullet::attest
