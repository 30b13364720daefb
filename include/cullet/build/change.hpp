// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cullet/base/glob.hpp"
#include "cullet/build/build.hpp"
#include "cullet/image/descriptor.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/plan/affected.hpp"

namespace cullet::build {

/// What may change in an image that is rebuilt because of something, and what may besides.
struct ChangeScope {
  plan::Affected because;
  std::vector<Glob> allowed;
};

/// How a new image differs from the one that stood before it: the layers that are not the same, the
/// files in them, and the config. A path that begins with '@' is no file: "@config/env",
/// "@annotations/NAME".
struct ImageChange {
  struct Layer {
    std::string content;              ///< what it is made of: "zlib:lib", "files"
    std::string before, after;        ///< digests; empty: there is none
    bool inside = false;              ///< made of what may change
    std::vector<std::string> inputs;  ///< of one that is not: "component pcre2: env"
  };
  struct File {
    std::string path;
    std::string change;   ///< "added", "removed", "changed"
    std::string what;     ///< as image::Difference
    std::string content;  ///< of the layer that has it, or had it
    std::string layer;    ///< that layer's digest; empty for what is no file
    bool inside = false;
    bool allowed = false;  ///< by name, where it is not inside
  };
  std::string recipe;
  std::string before, after;  ///< manifest digests; `before` is empty for a first image
  std::vector<Layer> layers;
  std::vector<File> files;

  [[nodiscard]] Json to_json() const;
  static ImageChange from_json(const Json& json);
  /// How many files are neither inside nor allowed.
  [[nodiscard]] std::size_t outside() const;
  /// Throws Kind::refused if a file is neither inside nor allowed, naming files, their layers and
  /// the inputs that changed.
  void demand_inside(const ChangeScope& scope) const;
};

/// Holds a built image against the one that `before` names in `repository` (nullopt: a first image,
/// without changes). Layers with equal digests are not read. The result is kept in the store as the
/// record of an action ({"action": "change", "because", "allowed", "before", "after", …}), so that
/// the same question is answered once.
ImageChange compare(const Context& context,
                    const plan::Plan& plan,
                    const plan::Plan::Target& target,
                    image::Repository& repository,
                    const std::optional<image::Descriptor>& before,
                    const ChangeScope& scope);

/// Remembers the inputs of everything in a built image by the image's digest, for compare() to say
/// which of them changed. Store::latest, as "inputs of image sha256:…": {title: inputs}.
void remember_inputs(const Context& context,
                     const plan::Plan& plan,
                     const plan::Plan::Target& target);

}  // namespace cullet::build
