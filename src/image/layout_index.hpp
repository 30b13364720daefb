// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/image/descriptor.hpp"

namespace cullet::image {

/// index.json of a layout. Kept as the JSON it is, so that what other tools wrote into it
/// (platforms, their own annotations) survives a change of ours.
class LayoutIndex {
 public:
  /// An index without entries.
  LayoutIndex();
  /// Throws Kind::input for anything that isn't an image index.
  static LayoutIndex read(const std::filesystem::path& file);
  /// Replaces the file; durable on return.
  void write(const std::filesystem::path& file) const;

  [[nodiscard]] std::optional<Descriptor> find_tag(const std::string& tag) const;
  [[nodiscard]] std::vector<std::string> tags() const;
  /// What no tag names: referrers, and whatever others left there.
  [[nodiscard]] std::vector<Descriptor> untagged() const;
  /// The media type of each manifest, as its first entry gives it.
  [[nodiscard]] std::map<BlobDigest, std::string> media_types() const;

  void set_tag(const std::string& tag, const Descriptor& manifest);
  /// False when there is such an entry already.
  bool add_untagged(const Descriptor& manifest);

 private:
  Json json_;
};

}  // namespace cullet::image
