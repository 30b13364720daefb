// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/image/descriptor.hpp"

namespace cullet::image {

/// Names the forks whose unsaved edits an image was made from, with commas: not for release.
inline constexpr std::string_view kEditsAnnotation = "org.cullet.edits";

/// An image manifest or an artifact's manifest (image-spec, manifest.md). Immutable value.
struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;
  std::string artifact_type;
  std::optional<Descriptor> subject;
  std::map<std::string, std::string> annotations;

  /// Canonical JSON with top-level mediaType: the bytes to push.
  [[nodiscard]] std::string serialize() const;
  /// Of OCI's media type or of Docker's. Throws Kind::input naming `what` where it is malformed, of
  /// another type, over kMaxManifestBytes or of more than 1,000 layers.
  static Manifest parse(std::string_view bytes, std::string_view what);
  /// Nullopt for what parse() refuses.
  static std::optional<Manifest> try_parse(std::string_view bytes);
};

/// An image index (image-spec, image-index.md): of a layout, of referrers, of platforms.
struct Index {
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;

  [[nodiscard]] std::string serialize() const;
  /// As Manifest::parse(), but for the layers.
  static Index parse(std::string_view bytes, std::string_view what);
};

/// What an image's config says (image-spec, config.md).
struct Config {
  std::string architecture = "amd64";
  std::int64_t created = 0;                       ///< seconds since the epoch
  std::vector<std::string> entrypoint, cmd, env;  ///< env: "NAME=value", sorted by the caller
  std::string user, working_dir, stop_signal;
  std::vector<std::string> ports, volumes;
  std::map<std::string, std::string> labels;
  struct Layer {
    DiffId diff_id;
    std::string created_by;  ///< one history entry a layer
  };
  std::vector<Layer> layers;

  /// Canonical JSON; no clock, host or user is in it. Adds the label kAssemblyName
  /// (image/layer.hpp), in the place of one that `labels` has.
  [[nodiscard]] std::string serialize() const;
  /// Throws Kind::input naming `what` where it is malformed. A time that isn't RFC 3339 in UTC
  /// counts as the epoch.
  static Config parse(std::string_view bytes, std::string_view what);
};

}  // namespace cullet::image
