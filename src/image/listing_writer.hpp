// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cullet/image/layer_listing.hpp"

namespace cullet::image {

/// Remembers a layer's listing while its entries go by; in memory is one entry at a time.
class ListingWriter {
 public:
  /// `tree` as in LayerListing. The store outlives this.
  explicit ListingWriter(store::Store& store, std::optional<TreeDigest> tree = std::nullopt);

  /// The next entry, in the layer's order; `content` of a file.
  void add(const LayerListing::Item& item);
  /// All was added: makes it what find_listing() gives for `layer`; durable on return. A listing
  /// over kMaxListingBytes is not kept.
  void record(const BlobDigest& layer);

 private:
  void flush();

  store::Store& store_;
  std::optional<TreeDigest> tree_;
  store::BlobWriter blob_;
  std::string pending_;
};

}  // namespace cullet::image
