// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/build/build.hpp"
#include "cullet/image/explain_difference.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/plan/plan.hpp"

#include "progress_view.hpp"
#include "session.hpp"
#include "variation.hpp"

namespace cullet::cli {

/// A component that came out otherwise than before.
struct OtherComponent {
  std::string recipe;
  std::string before, after;  ///< trees
  bool same_inputs = false;   ///< its own steps are to blame, not what it is made of
};

/// What a second build came to, held against the first.
struct SecondBuild {
  struct Target {
    std::string recipe;
    std::string before, after;  ///< digests of the manifest, or of the tree where there is no image
    std::vector<OtherComponent> components;  ///< those that differ, in the order of their making
    Json difference;                         ///< of images; null where there is none
    std::vector<std::string> lines;          ///< the same for people
    [[nodiscard]] bool same() const { return before == after; }
  };
  std::vector<Target> targets;
  std::vector<std::string> varied;  ///< how the machine was another

  [[nodiscard]] bool same() const;
  [[nodiscard]] Json to_json() const;
  /// Throws Kind::refused, saying what differs and what is to blame, unless all are the same.
  void demand_same() const;
};

/// Builds the targets of a plan, which has been built, once more: from nothing but its inputs, as
/// another machine would.
SecondBuild build_again(Session& session,
                        const build::Context& context,
                        const plan::Plan& plan,
                        ProgressView& view);

/// Adds what differs to an error, as far as a person can take it in.
void add_difference(Error& error, const SecondBuild::Target& target);

/// Fills `difference` and `lines` of a target whose images differ.
void explain_difference(SecondBuild::Target& target,
                        image::Repository& before_in,
                        const image::Descriptor& before,
                        image::Repository& after_in,
                        const image::Descriptor& after,
                        const image::DifferenceOptions& options,
                        const Cancel& cancel);

}  // namespace cullet::cli
