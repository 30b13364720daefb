// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cullet/archive/compression.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/base/json.hpp"
#include "cullet/environment/lock.hpp"
#include "cullet/store/store.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::plan {

/// What an action makes. Each kind's result is the `value` of its ActionRecord:
///   source       {"tree", "epoch", "commit", "patches"}  pin plus patches, as a tree; the patches'
///                                                  digests in the order of the series
///   environment  {"tree"}                          packages unpacked for steps to run in
///   packages     {"tree", "modes", "postinst"}     the same for an image (environment::Rootfs)
///   files        {"tree"}                          files an image declares
///   component    {"tree", "milliseconds", "log"}   what a recipe's steps installed
///   output       {"tree"}                          a part of a component or of packages
///   layer        {"blob", "diffID", "size"}        one layer (blob: its descriptor)
///   image        {"manifest", "config"}            descriptors
///   test         {"passed": true}                  the image's test steps
enum class ActionKind {
  source,
  environment,
  packages,
  files,
  component,
  output,
  layer,
  image,
  test
};
std::string_view name(ActionKind kind);

/// A value that an action reads from the result of another.
struct Dependency {
  std::string label;  ///< what the reader calls it: "source", "needs zlib:dev"
  std::size_t node;   ///< index into Plan::nodes
  std::string field;  ///< of the result; empty: all of it
};

enum class State {
  cached,   ///< the store has the result
  run,      ///< it has not, and all that the action reads is known
  depends,  ///< something it reads has to be made first; if that comes out equal, it is cached
};

/// One action. What it is about points into the Workspace and Lock, which outlive the plan.
struct Node {
  ActionKind kind = ActionKind::source;
  std::string subject;  ///< "zlib", "zlib:dev", "nginx: libc6"
  const workspace::Fork* fork = nullptr;
  const workspace::Recipe* recipe = nullptr;
  const workspace::Environment* environment = nullptr;
  std::vector<environment::LockedPackage> packages;

  Json fixed;                            ///< what it reads that is no other action's result
  std::vector<Dependency> dependencies;  ///< all on nodes with smaller indices

  // Filled by examine() and by the build:
  State state = State::depends;
  std::string why;  ///< for State::run and depends: which input changed
  std::optional<Key> key;
  std::optional<store::ActionRecord> record;

  /// "component zlib": for people, and (with the workspace) for Store::latest.
  [[nodiscard]] std::string title() const;
};

/// A graph of actions, dependencies before dependents.
struct Plan {
  std::vector<Node> nodes;
  /// By recipe asked for, in order: its component (if it has steps), image and test nodes.
  struct Target {
    const workspace::Recipe* recipe;
    std::optional<std::size_t> component, image, test;
  };
  std::vector<Target> targets;
  std::map<std::string, Sha256> patches;  ///< of forks/, by path ("forks/zlib/a.patch"), as planned
};

/// Trees that stand for a fork's source instead of pin and patches, by fork: what is being edited.
using Edits = std::map<std::string, TreeDigest>;

/// Makes the graph for `recipes` (all that the workspace has, if empty). Pure: reads no file but
/// through `patch_digest`, which gives the SHA-256 of a patch file named relative to forks/.
/// Throws Kind::input for an unknown recipe (suggesting the nearest), a cycle of `needs` (naming
/// it), and packages that the lock does not hold.
Plan make(const workspace::Workspace& workspace,
          const environment::Lock& lock,
          const std::vector<std::string>& recipes,
          const std::function<Sha256(const std::string&)>& patch_digest,
          const Edits& edits = {});

/// How an image's layers are compressed: what its key says is what the build does.
archive::Compression compression(const workspace::ImageSpec& image);

/// The forks whose source in an image is an edit: the image is not for release. Sorted.
std::vector<std::string> edited_forks(const Node& image);

/// All that the node reads, as canonical JSON: {"action", "fixed", "from": [[label, value]…]}; its
/// digest is the node's key. nullopt while a dependency has no record.
std::optional<Json> inputs(const Plan& plan, const Node& node);

/// Labels of what differs between the inputs() of now and of another time, with " (new)" or
/// " (gone)" behind those that only one of them has.
std::vector<std::string> changed_inputs(const Json& now, const Json& before);

/// What a plan may ask about the past.
struct Knowledge {
  std::function<std::optional<store::ActionRecord>(const Key&)> find;
  std::function<std::optional<Json>(const std::string& title)> latest;  ///< inputs of the last run
  unsigned threads = 1;                                                 ///< that may ask at once
};

/// Fills key, record and state of one node whose dependencies have been examined.
void examine(Plan& plan, std::size_t node, const Knowledge& knowledge);
/// Fills key, record, state and why of every node.
void examine(Plan& plan, const Knowledge& knowledge);

}  // namespace cullet::plan
