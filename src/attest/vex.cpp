// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/vex.hpp"

#include <map>
#include <vector>

#include "cullet/attest/policy.hpp"
#include "cullet/attest/purl.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"
#include "cullet/plan/carried.hpp"

namespace cullet::attest {

namespace {

/// By the place, and by name and digest alone: scanners want every qualifier of ours in their own
/// name of the image, and don't agree what repository_url holds (trivy: with the image's name,
/// grype: without); and `cullet push` takes the statement along to other places.
std::vector<std::string> image_purls(const image::Descriptor& image,
                                     const std::string& name,
                                     const std::string& repository) {
  const auto purl = image_purl(image.digest, repository.empty() ? name : repository);
  if (repository.empty())
    return {purl};
  return {image_purl(image.digest, repository, repository), purl};
}

/// The source package that a fork was imported from: the pool has SOURCE_VERSION.orig.tar.gz.
std::optional<std::string> debian_purl(const workspace::Fork& fork) {
  if (!fork.import || fork.import->path.empty())
    return std::nullopt;
  const auto file = fork.import->path.substr(fork.import->path.find_last_of('/') + 1);
  const auto mark = file.find('_');
  const auto end = file.find(".orig.tar");
  if (mark == std::string::npos || end == std::string::npos || end <= mark)
    return std::nullopt;
  return cat("pkg:deb/debian/",
             percent_encode(file.substr(0, mark)),
             "@",
             percent_encode(file.substr(mark + 1, end - mark - 1)),
             "?arch=source");
}

Json identified(const std::string& purl) {
  return {{"@id", purl}, {"identifiers", {{"purl", purl}}}};
}

Json subcomponents(const std::map<std::string, std::string>& forks,
                   const workspace::Workspace& workspace) {
  Json out = Json::array();
  for (const auto& [name, version] : forks) {
    out.push_back(identified(cat("pkg:generic/",
                                 percent_encode(name),
                                 version.empty() ? "" : "@" + percent_encode(version))));
    const auto fork = workspace.forks.find(name);
    if (fork == workspace.forks.end())
      continue;
    // As the image's SBOM names it: a scanner that reads that looks for this.
    if (const auto purl = fork_purl(fork->second); !purl.starts_with("pkg:generic/"))
      out.push_back(identified(purl));
    if (const auto purl = debian_purl(fork->second))
      out.push_back(identified(*purl));
  }
  return out;
}

/// What an image's patches say of one advisory.
struct Fix {
  std::map<std::string, std::string> forks;  ///< versions by name
  std::vector<std::string> notes;
};

std::map<std::string, Fix> fixes_of(const Json& patches) {
  std::map<std::string, Fix> out;
  for (const auto& patch : patches)
    for (const auto& advisory : patch.at("fixes")) {
      auto& fix = out[advisory.get<std::string>()];
      fix.forks[patch.at("fork").get<std::string>()] = patch.at("version").get<std::string>();
      fix.notes.push_back(cat("patched with ",
                              patch.at("patch").get<std::string>(),
                              " (",
                              patch.at("sha256").get<std::string>(),
                              "): ",
                              patch.at("reason").get<std::string>()));
    }
  return out;
}

}  // namespace

std::optional<trust::Claim> vex_claim(const image::Descriptor& descriptor,
                                      const image::Manifest& manifest,
                                      const std::string& name,
                                      const workspace::Workspace& workspace,
                                      const VexOrigin& origin) {
  const auto annotation = manifest.annotations.find(std::string(plan::kPatchesAnnotation));
  if (annotation == manifest.annotations.end())
    return std::nullopt;
  const auto fixes = fixes_of(parse_json(annotation->second, plan::kPatchesAnnotation));
  if (fixes.empty())
    return std::nullopt;
  Json statements = Json::array();
  for (const auto& [advisory, fix] : fixes) {
    Json products = Json::array();
    for (const auto& purl : image_purls(descriptor, name, origin.repository)) {
      auto product = identified(purl);
      product["hashes"] = {{"sha-256", descriptor.digest.hex()}};
      product["subcomponents"] = subcomponents(fix.forks, workspace);
      products.push_back(std::move(product));
    }
    statements.push_back({{"vulnerability", {{"name", advisory}}},
                          {"products", std::move(products)},
                          {"status", "fixed"},
                          {"status_notes", join(fix.notes, "; ")}});
  }
  trust::Claim claim;
  claim.predicate_type = kVexType;
  claim.predicate = {{"@context", "https://openvex.dev/ns/v0.2.0"},
                     {"@id", cat("urn:cullet:vex:", canonical_digest(statements).hex())},
                     {"author", origin.author},
                     {"timestamp", rfc3339(origin.time)},
                     {"version", 1},
                     {"statements", std::move(statements)}};
  return claim;
}

bool same_statements(const Json& there, const Json& wanted) {
  const auto says = [&](const char* what) {
    return there.contains(what) && there.at(what) == wanted.at(what);
  };
  return says("statements") && says("author");
}

}  // namespace cullet::attest
