// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cullet/attest/inputs_difference.hpp"
#include "cullet/image/compare.hpp"
#include "cullet/image/explain_difference.hpp"

#include "resolve.hpp"

namespace cullet::cli {

/// What `cullet diff` has to say of two images.
struct ImageDifference {
  struct Version {
    std::string kind, name;     ///< "component" or "package"
    std::string before, after;  ///< empty: it is not in that image
  };
  ResolvedImage before, after;
  image::Comparison compared;
  std::vector<image::Finding> settings;  ///< of config and annotations
  std::vector<Version> versions;
  struct Reason {
    attest::InputChange input;
    std::vector<image::Finding> lines;  ///< of a recipe, where both texts are at hand
  };
  std::optional<std::vector<Reason>> why;  ///< nullopt: not known, see `notes`
  std::optional<image::DifferenceReport> inside;
  std::vector<std::string> notes;
  bool other_config = false;  ///< a container would run otherwise

  /// Whether a container would see or do anything else.
  [[nodiscard]] bool differs() const { return !compared.equal() || other_config; }
  [[nodiscard]] Json to_json() const;
  /// Lines for a person.
  [[nodiscard]] std::string text() const;
};

/// Compares two images. `keys` are those named on the command line, else the workspace's is taken,
/// if there is one; statements that are missing or by others are notes. `inside` looks into files
/// that differ.
ImageDifference compare_images(Session& session,
                               ResolvedImage before,
                               ResolvedImage after,
                               const std::vector<std::string>& keys,
                               bool inside);

}  // namespace cullet::cli
