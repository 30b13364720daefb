// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "cullet/build/build.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::build {

/// Artifact type of what holds an image's inputs, and media type of the list (the config blob).
inline constexpr std::string_view kInputsType = "application/vnd.cullet.inputs.v1+json";
/// Of a commit's objects (source/kept.hpp).
inline constexpr std::string_view kCommitType = "application/vnd.cullet.git-objects.v1.tar+zstd";

/// Bounds on lists from elsewhere.
inline constexpr std::uint64_t kMaxInputListBytes = std::uint64_t{16} << 20U;
inline constexpr std::size_t kMostInputs = 50'000;
inline constexpr std::uint64_t kMaxInputsBytes = std::uint64_t{256} << 30U;
/// How much is read in search of the list that is wanted: each build of other sources that comes to
/// the same image adds one, so that how many there are is no fault.
inline constexpr std::size_t kMostListsRead = 1000;
inline constexpr std::uint64_t kMaxListsBytesRead = std::uint64_t{256} << 20U;

/// Something that a rebuild reads, as one blob.
struct Input {
  enum class Kind {
    workspace,  ///< a file of the workspace; `name` is its path: "recipes/zlib.yaml"
    package,    ///< a .deb, by its file name
    archive,    ///< what a fork is imported from, or a patch is a member of
    commit,     ///< a commit with all of its files
    change,     ///< a commit with what it changes: a patch
  };
  Kind kind = Kind::workspace;
  std::string name;    ///< of commits: "fork zlib"; two archives may have the same
  std::string commit;  ///< 40 hex digits, of commit and change alone
  BlobDigest digest;
  std::uint64_t size = 0;

  friend bool operator==(const Input&, const Input&) = default;
  /// The order of lists.
  friend bool operator<(const Input& a, const Input& b) {
    return std::tie(a.kind, a.name, a.digest, a.commit) <
           std::tie(b.kind, b.name, b.digest, b.commit);
  }
};
std::string_view name(Input::Kind kind);

/// All inputs of an image, sorted by kind and name. As JSON, in canonical form:
///   {"inputs": 1, "recipe": "nginx", "list": [{"kind", "name", "digest", "size"[, "commit"]}…]}
/// Kept as a referrer of the image: config = this list, layers = the inputs; more than kMostLayers
/// go into several referrers with one list.
struct InputsManifest {
  std::string recipe;
  std::vector<Input> inputs;

  static constexpr std::size_t kMostLayers = 900;
  [[nodiscard]] std::string serialize() const;
  /// Throws Kind::input for anything that serialize() would not have written, for a workspace file
  /// that is none (cullet.yaml, cullet.lock, below forks/ or recipes/), and beyond the bounds.
  static InputsManifest parse(std::string_view text, std::string_view what);
  [[nodiscard]] std::uint64_t bytes() const;
};

/// What verified provenance says that the inputs are.
struct DemandedInputs {
  std::map<std::string, Sha256> files;         ///< of the workspace, by path
  std::map<std::string, std::string> blobs;    ///< packages and archives: "sha256:…" → name
  std::map<std::string, std::string> commits;  ///< 40 hex digits → name
  /// From a predicate as attest::provenance() makes it; throws Kind::input for another.
  static DemandedInputs of_provenance(const Json& predicate);
  /// Throws Kind::refused naming what is missing or another in the list.
  void check(const InputsManifest& list) const;
};

/// The inputs of a target: brings what is missing into the store (from kept inputs, else from where
/// it comes from), and packs commits, which the store remembers.
InputsManifest collect_inputs(const Context& context,
                              const plan::Plan& plan,
                              const plan::Plan::Target& target);

struct KeepReport {
  bool changed = false;
  std::uint64_t blobs_sent = 0, blobs_present = 0, bytes_sent = 0;
  InputsManifest list;
};
/// Attaches all inputs of a target's image to its manifest, which `to` holds. Uploads nothing that
/// is there; where its artifacts are listed already, it is left alone, and other lists beside the
/// image, however many, are not read. With `shared`, a repository of
/// inputs (build/kept_inputs.hpp) gets them first, and blobs are mounted from there where it is in
/// the same registry.
KeepReport keep_inputs(const Context& context,
                       const plan::Plan& plan,
                       const plan::Plan::Target& target,
                       image::Repository& to,
                       const image::Descriptor& manifest,
                       image::Repository* shared = nullptr);

/// A list of inputs that is kept beside a manifest; nullopt: there is none. Lists are read one
/// after another, by digest, up to the first that can be; throws Kind::input where none can.
std::optional<InputsManifest> find_inputs(image::Repository& from,
                                          const image::Descriptor& manifest);

struct FoundInputs {
  InputsManifest list;
  std::size_t demanded = 0;  ///< index of the demand that it meets
};
/// As find_inputs(), up to the first list that meets one of the demands, of which there is at least
/// one. Where no list does, throws what is wrong with the last; Kind::input where none was found
/// among the kMostListsRead and kMaxListsBytesRead that are read.
std::optional<FoundInputs> find_demanded_inputs(image::Repository& from,
                                                const image::Descriptor& manifest,
                                                const std::vector<DemandedInputs>& demanded);

/// Lays the workspace's files out below `workspace`, a directory that is absent or empty (it is
/// replaced, so that it can't be the current one or a mount point: Kind::input), and
/// brings packages, archives and commits into `store`, each verified while read against the list,
/// and the list against `demanded` before anything is read. On return a build of the recipe there,
/// with that store, needs no network: an action's record keeps packages and archives from being
/// collected until they were not used for a while. Throws Kind::refused for bytes that are others
/// or missing; the workspace and its parents then are as before, the store holds nothing that is
/// wrong.
void restore_inputs(image::Repository& from,
                    const InputsManifest& list,
                    const std::filesystem::path& workspace,
                    store::Store& store,
                    const Cancel& cancel,
                    Observer& observer,
                    const DemandedInputs* demanded = nullptr);

}  // namespace cullet::build
