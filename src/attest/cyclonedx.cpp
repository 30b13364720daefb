// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/bill.hpp"
#include "cullet/attest/purl.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

Json patches_json(const std::vector<Bill::Patch>& patches) {
  Json out = Json::array();
  for (const auto& patch : patches) {
    Json resolves = Json::array();
    for (const auto& id : patch.fixes)
      resolves.push_back({{"type", "security"}, {"id", id}, {"description", patch.reason}});
    // CycloneDX has no place for a patch's name but the text of its difference.
    out.push_back(
        {{"type", "backport"},
         {"diff",
          {{"text",
            {{"contentType", "text/plain"}, {"content", cat(patch.name, " ", patch.digest)}}}}},
         {"resolves", std::move(resolves)}});
  }
  return out;
}

Json component(const Bill::Package& package) {
  // Two forks of one upstream have one purl, and references must be unique.
  Json out{{"type", package.component ? "application" : "library"},
           {"bom-ref", package.component ? cat("fork:", package.name) : package.purl},
           {"name", package.name},
           {"version", package.version},
           {"purl", package.purl}};
  if (!package.download.empty())
    out["externalReferences"] = Json::array({{{"type", "vcs"}, {"url", package.download}}});
  if (!package.sha256.empty())
    out["hashes"] = Json::array({{{"alg", "SHA-256"}, {"content", package.sha256}}});
  if (!package.component)
    out["properties"] = Json::array(
        {{{"name", "aquasecurity:trivy:SrcName"}, {"value", package.source}},
         {{"name", "aquasecurity:trivy:SrcVersion"}, {"value", package.source_version}}});
  if (!package.patches.empty())
    out["pedigree"] = {{"patches", patches_json(package.patches)}};
  return out;
}

}  // namespace

Json cyclonedx(const Bill& bill, const std::string& version, std::int64_t created) {
  Json components = Json::array();
  if (!bill.suite.empty())
    components.push_back({{"type", "operating-system"},
                          {"bom-ref", "operating-system"},
                          {"name", "debian"},
                          {"version", debian_release(bill.suite)}});
  for (const auto& package : bill.packages)
    components.push_back(component(package));
  return {
      {"bomFormat", "CycloneDX"},
      {"specVersion", "1.5"},
      {"version", 1},
      {"metadata",
       {{"timestamp", rfc3339(created)},
        {"tools",
         {{"components",
           Json::array({{{"type", "application"}, {"name", "cullet"}, {"version", version}}})}}},
        {"component",
         {{"type", "container"},
          {"bom-ref", "image"},
          {"name", bill.name},
          {"version", bill.version.empty() ? bill.manifest.str() : bill.version},
          {"hashes", Json::array({{{"alg", "SHA-256"}, {"content", bill.manifest.hex()}}})}}}}},
      {"components", std::move(components)}};
}

}  // namespace cullet::attest
