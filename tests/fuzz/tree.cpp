// SPDX-License-Identifier: Apache-2.0
// Manifests of the store's trees.
#include "cullet/store/tree.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  accepts([&] {
    const auto manifest = store::TreeManifest::parse(text);
    require(manifest.serialize() == text, "only what serialize() writes is taken");
    for (const auto& entry : manifest.entries()) {
      require(manifest.find(entry.path.str()) == &entry, "every entry is found by its path");
      require(entry.path.str().size() <= store::kMaxPath, "paths keep to the limit");
    }
    // Any part of a tree is a tree.
    const auto part = manifest.filter(
        [](const store::TreeEntry& entry) { return entry.path.str().size() % 2 == 0; });
    require(store::TreeManifest::parse(part.serialize()).digest() == part.digest(),
            "a part is whole");
  });
  return 0;
}
