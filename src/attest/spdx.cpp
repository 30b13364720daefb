// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/bill.hpp"
#include "cullet/attest/purl.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

constexpr std::string_view kDocument = "SPDXRef-DOCUMENT";
constexpr std::string_view kImage = "SPDXRef-Image";
constexpr std::string_view kSystem = "SPDXRef-OperatingSystem";
constexpr std::string_view kNone = "NOASSERTION";

/// Identifiers hold letters, digits, '.' and '-' (SPDX 2.3, 3.2); the number keeps them apart.
std::string id_of(std::string_view kind, std::size_t number, const std::string& name = {}) {
  auto id = cat("SPDXRef-", kind, "-", number, name.empty() ? "" : "-");
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-';
    id += plain ? c : '-';
  }
  return id;
}

std::string package_id(const Bill& bill, std::size_t index) {
  if (index == bill.packages.size())
    return std::string(kImage);
  const auto& package = bill.packages[index];
  return id_of(package.component ? "Component" : "Package", index, package.name);
}

Json relationship(std::string_view from, std::string_view type, std::string_view to) {
  return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

Json package_base(std::string_view id, const std::string& name) {
  return {{"SPDXID", id},
          {"name", name},
          {"downloadLocation", kNone},
          {"filesAnalyzed", false},
          {"licenseConcluded", kNone},
          {"licenseDeclared", kNone},
          {"copyrightText", kNone}};
}

Json purl_reference(const std::string& purl) {
  return Json::array({{{"referenceCategory", "PACKAGE-MANAGER"},
                       {"referenceType", "purl"},
                       {"referenceLocator", purl}}});
}

Json image_package(const Bill& bill) {
  auto out = package_base(kImage, bill.name);
  // The layers' files are its own and its packages'; those are listed, so it is analyzed.
  out["filesAnalyzed"] = !bill.files_left_out;
  out["primaryPackagePurpose"] = "CONTAINER";
  out["versionInfo"] = bill.version.empty() ? bill.manifest.str() : bill.version;
  out["checksums"] =
      Json::array({{{"algorithm", "SHA256"}, {"checksumValue", bill.manifest.hex()}}});
  out["externalRefs"] =
      purl_reference(cat("pkg:oci/", bill.name, "@sha256%3A", bill.manifest.hex()));
  return out;
}

Json package_json(const Bill& bill, std::size_t index) {
  const auto& package = bill.packages[index];
  auto out = package_base(package_id(bill, index), package.name);
  out["filesAnalyzed"] = !bill.files_left_out;
  out["versionInfo"] = package.version;
  out["externalRefs"] = purl_reference(package.purl);
  if (!package.download.empty())
    out["downloadLocation"] = package.download;
  if (package.component) {
    out["primaryPackagePurpose"] = "APPLICATION";
    out["sourceInfo"] = "built from a pinned fork";
    if (!package.patches.empty())
      out["comment"] = cat("carries ", package.patches.size(), " patches beyond ", package.version);
    return out;
  }
  out["supplier"] = "Organization: Debian";
  // The words that trivy reads the source package from.
  out["sourceInfo"] = cat("built package from: ", package.source, " ", package.source_version);
  return out;
}

/// A patch is a package without files: a file would have to be part of the image.
Json patch_json(const Bill::Patch& patch, const std::string& id) {
  auto out = package_base(id, patch.name);
  out["summary"] = patch.reason;
  out["primaryPackagePurpose"] = "SOURCE";
  if (!patch.fixes.empty())
    out["comment"] = "fixes " + join(patch.fixes, ", ");
  constexpr std::string_view kSha256 = "sha256:";
  if (patch.digest.rfind(kSha256, 0) == 0)
    out["checksums"] = Json::array(
        {{{"algorithm", "SHA256"}, {"checksumValue", patch.digest.substr(kSha256.size())}}});
  else
    out["versionInfo"] = patch.digest;
  return out;
}

Json file_json(const Bill::File& file, const std::string& id) {
  return {{"SPDXID", id},
          {"fileName", "./" + printable(file.path)},
          {"checksums",
           Json::array({{{"algorithm", "SHA1"}, {"checksumValue", file.sha1}},
                        {{"algorithm", "SHA256"}, {"checksumValue", file.sha256}}})}};
}

Json system_package(const std::string& suite) {
  auto out = package_base(kSystem, "debian");
  out["versionInfo"] = debian_release(suite);
  out["primaryPackagePurpose"] = "OPERATING-SYSTEM";
  return out;
}

}  // namespace

Json spdx(const Bill& bill, const std::string& version, std::int64_t created) {
  Json packages = Json::array({image_package(bill)});
  Json files = Json::array();
  Json relations = Json::array({relationship(kDocument, "DESCRIBES", kImage)});
  if (!bill.suite.empty()) {
    packages.push_back(system_package(bill.suite));
    relations.push_back(relationship(kImage, "CONTAINS", kSystem));
  }
  std::size_t patches = 0;
  for (std::size_t index = 0; index < bill.packages.size(); ++index) {
    const auto id = package_id(bill, index);
    packages.push_back(package_json(bill, index));
    relations.push_back(relationship(kImage, "CONTAINS", id));
    for (const auto& patch : bill.packages[index].patches) {
      const auto patch_id = id_of("Patch", patches++);
      packages.push_back(patch_json(patch, patch_id));
      relations.push_back(relationship(patch_id, "PATCH_FOR", id));
    }
  }
  for (std::size_t index = 0; index < bill.files.size(); ++index) {
    const auto id = id_of("File", index);
    files.push_back(file_json(bill.files[index], id));
    relations.push_back(relationship(package_id(bill, bill.files[index].package), "CONTAINS", id));
  }
  Json document{{"SPDXID", kDocument},
                {"spdxVersion", "SPDX-2.3"},
                {"dataLicense", "CC0-1.0"},
                {"name", cat(bill.name, "@", bill.manifest)},
                {"creationInfo", {{"creators", Json::array({cat("Tool: cullet-", version)})}}},
                {"packages", std::move(packages)},
                {"relationships", std::move(relations)}};
  if (!files.empty())
    document["files"] = std::move(files);
  if (bill.files_left_out)
    document["comment"] = "Files are left out: the list would be larger than verifiers read.";
  // Another document is another name, whenever it was made.
  document["documentNamespace"] = cat("urn:cullet:sbom:", canonical_digest(document).hex());
  document["creationInfo"]["created"] = rfc3339(created);
  return document;
}

bool same_sbom(const Json& there, const Json& wanted) {
  const auto timeless = [](Json document) {
    if (document.contains("creationInfo") && document["creationInfo"].is_object())
      document["creationInfo"].erase("created");
    if (document.contains("metadata") && document["metadata"].is_object())
      document["metadata"].erase("timestamp");
    return document;
  };
  return timeless(there) == timeless(wanted);
}

}  // namespace cullet::attest
