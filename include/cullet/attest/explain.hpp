// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/image/contents.hpp"

namespace cullet::attest {

/// What an SBOM's package is, with what provenance says of the fork that it was built from.
struct Origin {
  struct Patch {
    std::string name, digest, reason;  ///< digest: "sha256:…" or "gitCommit:…"
    std::vector<std::string> fixes;
  };
  enum class Kind { component, package, image } kind = Kind::image;  ///< image: its own files
  std::string name, version, purl;
  std::string commit, repository;  ///< of a component's fork; either may be unknown
  std::vector<Patch> patches;      ///< of that fork, in the order of their application
};

/// What verified statements say of an image, ready to be asked. The caller has verified them; what
/// they hold is foreign all the same.
class Account {
 public:
  /// From predicates as spdx() and provenance() make them. Throws Kind::input for what is no such
  /// document, naming the member.
  Account(const Json& spdx, const Json& provenance);

  /// Whether the SBOM lists files at all (bill.hpp, kMostListedFiles).
  [[nodiscard]] bool lists_files() const noexcept { return !files_.empty(); }
  /// The origin of these bytes at this path; null where the SBOM doesn't name them there.
  [[nodiscard]] const Origin* origin(const std::string& path, const Sha256& content) const;
  /// Whether it names the path, with whatever bytes.
  [[nodiscard]] bool names(const std::string& path) const;
  /// All paths that it names, sorted, in the form of printable().
  [[nodiscard]] std::vector<std::string> paths() const;
  /// The component built from that fork; null where there is none.
  [[nodiscard]] const Origin* component(const std::string& fork) const;
  /// The fork that a recipe is built from; empty where provenance doesn't say: recipes are free to
  /// have the name of another fork.
  [[nodiscard]] std::string fork_of(const std::string& recipe) const;
  [[nodiscard]] bool has_package(const std::string& name) const;
  /// "recipes/NAME.yaml" where that file was among the build's inputs, else empty.
  [[nodiscard]] std::string recipe(const std::string& name) const;
  [[nodiscard]] const std::string& image_recipe() const noexcept { return image_recipe_; }

 private:
  void read_packages(const Json& spdx);
  void read_files(const Json& spdx);
  void read_provenance(const Json& provenance);
  void read_forks(const Json& definition);

  std::map<std::string, Origin> origins_;  ///< by SPDX identifier
  std::map<std::pair<std::string, Sha256>, const Origin*> files_;
  std::set<std::string> workspace_;
  std::map<std::string, std::string> forks_;  ///< by recipe
  std::string image_recipe_;
};

/// Where one path of an image comes from, or why that can't be said.
struct Explanation {
  std::string path;
  const image::File* file = nullptr;
  std::string content;  ///< of its layer: "zlib:lib", "packages bookworm libc6", "files"
  /// Null where its layer alone explains it: also where no statement says of which fork that is.
  const Origin* origin = nullptr;
  std::string recipe;   ///< "recipes/zlib.yaml"; empty for packages
  std::string problem;  ///< why nothing explains it; empty when something does
};

/// Explains every path, in order. `layers` has, for each layer of the image, what the config's
/// history says that it is made of, empty for layers of other makers or of another image than the
/// statements are about. A file must be named with its bytes, and every path must lie in a layer
/// made of what the statements know: an SBOM has neither links nor directories nor modes, so these
/// are as good as their layer. Where the SBOM lists no file, files are as good as theirs, too.
/// Pointers are into `account` and `contents`.
std::vector<Explanation> explain(const Account& account,
                                 const image::Contents& contents,
                                 const std::vector<std::string>& layers);

/// Paths that the SBOM names and the image has not, in the form of printable(); what lies below
/// something else than a directory was replaced by a later content, and is not among them.
std::vector<std::string> missing(const Account& account, const image::Contents& contents);

}  // namespace cullet::attest
