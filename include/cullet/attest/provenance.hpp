// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/plan/plan.hpp"

namespace cullet::attest {

inline constexpr std::string_view kProvenanceType = "https://slsa.dev/provenance/v1";
/// What the build definition below means: externalParameters {"recipe", "workspace": [path…]},
/// internalParameters {"assembly", "architecture", "compressor", "cullet", "forks", "key"}, where
/// "forks" has, for each recipe whose steps ran, the fork that it is built from (older statements
/// have it not), and "key" is the digest of all that the image's action read (plan/plan.hpp).
inline constexpr std::string_view kBuildType = "urn:cullet:build:1";

/// Indices of the nodes that made the target's image and tested it, in the plan's order.
std::vector<std::size_t> nodes_of(const plan::Plan& plan, const plan::Plan::Target& target);

/// The workspace's files that the target's build reads, relative to its root, sorted: cullet.yaml,
/// cullet.lock, forks with their patch files, and recipes. Archives are not among them: those are
/// known by digest, wherever they come from.
std::vector<std::string> workspace_files(const plan::Plan& plan, const plan::Plan::Target& target);

/// What provenance says beyond the plan.
struct Circumstances {
  std::map<std::string, Sha256> files;  ///< of workspace_files()
  std::string builder;                  ///< URI
  std::string version;                  ///< of cullet
  std::int64_t started = 0, finished = 0;
};

/// The predicate of SLSA provenance v1 for a target whose nodes all have records. Every input is
/// among resolvedDependencies by digest: workspace files; forks by commit, with the archive that
/// they were imported from; patches with what they fix and why; packages with what they are for. A
/// fork's URI is where its file says that it is: a commit that kept inputs have is not asked of it.
/// Only `started` and `finished` are not of the inputs.
Json provenance(const plan::Plan& plan,
                const plan::Plan::Target& target,
                const Circumstances& circumstances);

/// Whether two predicates tell of the same build: times don't count, and neither do the digests of
/// YAML files and the lock, for what of them reaches the image is in the rest ("key" above all):
/// the image was built from those files, too, and a comment or a test makes no second provenance.
bool same_provenance(const Json& there, const Json& wanted);
/// Likewise, but the files' digests count: the inputs that are kept beside an image are held
/// against them, so that it takes a statement of these very files.
bool same_provenance_of_files(const Json& there, const Json& wanted);

}  // namespace cullet::attest
