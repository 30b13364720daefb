// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cullet/environment/lock.hpp"
#include "cullet/plan/plan.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::plan {

/// What a fork, an advisory or a distribution package reaches in a workspace. Pointers are into the
/// Workspace, which outlives it.
struct Affected {
  enum class What {
    fork,      ///< components built from it, and from those
    advisory,  ///< the same for the forks with a patch that fixes it
    package,   ///< components whose steps run beside it, images that hold it
  };
  struct Entry {
    const workspace::Recipe* recipe = nullptr;
    /// The shortest way there: "fork zlib", "component zlib", "component nginx, which needs
    /// zlib:dev".
    std::vector<std::string> path;
  };
  What what = What::fork;
  std::string name;
  std::vector<Entry> components;  ///< what they need before them
  std::vector<Entry> images;      ///< in the same order

  /// Whether the content of a layer may change because of it: a component among `components`, or
  /// packages with the one it is about. `node` made the layer's tree; output nodes are followed to
  /// the whole.
  [[nodiscard]] bool reaches(const Plan& plan, std::size_t node) const;
  /// The same by a content's name alone ("zlib:lib"), for images that no plan is there for.
  [[nodiscard]] bool reaches(std::string_view content) const;
};
std::string_view name(Affected::What what);

/// Pure. `name` is that of a fork, else of an advisory that a patch fixes, else of a package of the
/// lock or the source package it was built from; "fork:", "advisory:" or "package:" in front says
/// which. Throws Kind::input for one that is none of them, suggesting the nearest.
Affected affected(const workspace::Workspace& workspace,
                  const environment::Lock& lock,
                  const std::string& name);

}  // namespace cullet::plan
