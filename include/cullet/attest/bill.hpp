// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cullet/base/digest.hpp"
#include "cullet/plan/plan.hpp"
#include "cullet/store/tree.hpp"

namespace cullet::attest {

/// How many files an SBOM lists. A bundle with more would not stay below what verifiers read
/// (trust/attestation.hpp, 10 MB): such an image's SBOM lists packages alone, and says so.
inline constexpr std::size_t kMostListedFiles = 12'000;

/// One tree of an image and whose it is.
struct Content {
  const plan::Node* origin = nullptr;  ///< the component, packages or files node it comes from
  TreeDigest tree;
  store::TreeManifest manifest;
  std::map<std::string, std::string> sha1;     ///< of its files, by path; one is missing: no list
  std::map<std::string, std::string> package;  ///< which package a file is of, by path
};

/// The contents of a target's image without `sha1` and `package`, in the order of its layers.
std::vector<Content> contents_of(
    const plan::Plan& plan,
    const plan::Plan::Target& target,
    const std::function<store::TreeManifest(const TreeDigest&)>& manifest);

/// The paths of a package's .md5sums file (dpkg: "MD5  path" lines), as an image has them: below
/// usr/ where /bin, /lib and the like are links. Lines of another form are left out.
std::vector<std::string> md5sums_paths(std::string_view text);

/// What an image is made of: the material of its SBOMs. Sorted, equal for equal images.
struct Bill {
  struct Patch {
    std::string name, reason;
    std::vector<std::string> fixes;
    std::string digest;  ///< "sha256:…" or "gitCommit:…"
  };
  struct Package {
    std::string name, version, purl;
    std::string download;  ///< a fork's origin, "git+https://…@commit"; may be empty
    std::string source, source_version;  ///< of a Debian package
    std::string sha256;                  ///< of a .deb
    std::vector<Patch> patches;          ///< of a fork, in the order of their application
    bool component = false;              ///< built from a fork
  };
  struct File {
    std::string path, sha1, sha256;
    std::size_t package;  ///< index; packages.size(): the image's own
  };
  std::string name, version;  ///< of the image
  BlobDigest manifest;
  std::string suite;  ///< of its Debian packages; empty: it has none
  std::vector<Package> packages;
  std::vector<File> files;
  bool files_left_out = false;
};

/// `patch_digest` gives the SHA-256 of a patch file below forks/.
Bill bill(const plan::Plan& plan,
          const plan::Plan::Target& target,
          const std::vector<Content>& contents,
          const std::function<Sha256(const std::string&)>& patch_digest);

inline constexpr std::string_view kSpdxType = "https://spdx.dev/Document";
inline constexpr std::string_view kCycloneDxType = "https://cyclonedx.org/bom";

/// The bill as SPDX 2.3: packages with purls, forks with their patches (PATCH_FOR), and every file
/// with the package that CONTAINS it. Deterministic but for `created` (seconds since the epoch).
Json spdx(const Bill& bill, const std::string& version, std::int64_t created);
/// The bill as CycloneDX 1.5, without files; patches are in each component's pedigree.
Json cyclonedx(const Bill& bill, const std::string& version, std::int64_t created);
/// Whether two documents of either kind differ in nothing but their time.
bool same_sbom(const Json& there, const Json& wanted);

}  // namespace cullet::attest
