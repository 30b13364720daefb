// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/image/explain_difference.hpp"

#include "inside.hpp"

namespace cullet::image {

/// One layer of each of two images.
struct LayerPair {
  Repository& first_in;
  const Descriptor& first;
  Repository& second_in;
  const Descriptor& second;
};

struct LayerDifference {
  std::vector<Finding> findings;
  bool compression_alone = false;  ///< what is compressed is the same to the byte
};

/// How two layers with other digests differ, looking into files with `inside`. `files` and `bytes`
/// are what is left of the bounds on those (DifferenceOptions), and are lowered.
class LayerComparison {
 public:
  LayerComparison(const DifferenceOptions& options,
                  std::vector<std::string>& notes,
                  const Cancel& cancel);
  LayerDifference compare(const LayerPair& layers);

 private:
  struct Item;
  struct Listing;
  Listing list(Repository& in, const Descriptor& layer) const;
  static bool other_content(const Item& a, const Item& b);
  [[nodiscard]] Finding entry(const std::string& path, const Item& a, const Item& b) const;
  [[nodiscard]] std::vector<Finding> own_entries(const Listing& a, const Listing& b) const;
  std::vector<Finding> entries(const LayerPair& layers, const Listing& a, const Listing& b);
  void contents(const LayerPair& layers,
                const Listing& a,
                const Listing& b,
                const std::map<std::string, std::size_t>& wanted,
                std::vector<Finding>& findings);

  const DifferenceOptions& options_;
  std::vector<std::string>& notes_;
  const Cancel& cancel_;
  Inside inside_;
  std::size_t files_left_;
  std::uint64_t bytes_left_;
};

}  // namespace cullet::image
