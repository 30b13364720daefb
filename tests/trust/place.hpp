// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "cullet/base/file.hpp"
#include "cullet/image/oci_layout.hpp"

namespace cullet::trust {

/// A layout with one image in it: a manifest without layers will do.
class Place {
 public:
  Place()
      : directory_(std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp", "trust"),
        repository(image::open_layout(directory_.path() / "layout", true, Cancel())) {
    manifest = add("one");
  }

  image::Descriptor add(const std::string& name) {
    image::Manifest image;
    const std::string config = "{}";
    image.config = image::Descriptor::of(config, std::string(image::kConfigType));
    repository->put_blob(image.config,
                         {[config] {
                            static const std::string text = "{}";
                            return std::make_unique<MemorySource>(text);
                          },
                          {},
                          {}});
    image.annotations["name"] = name;
    return repository->put_manifest(image.serialize(), std::string(image::kManifestType));
  }

 private:
  TemporaryDirectory directory_;

 public:
  std::unique_ptr<image::Repository> repository;
  image::Descriptor manifest;
};

}  // namespace cullet::trust
