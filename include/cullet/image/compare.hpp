// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cullet/image/contents.hpp"

namespace cullet::image {

/// What a shared library, known by its soname (else its path), offers more or less than before.
struct LibraryChange {
  std::string library;
  std::vector<std::string> symbols_added, symbols_removed;
  std::vector<std::string> needed_added, needed_removed;
};

/// What distinguishes two images, for a person who has to decide about the second.
struct Comparison {
  std::vector<Difference> files;
  std::size_t files_before = 0, files_after = 0;    ///< how many paths each has
  std::uint64_t bytes_before = 0, bytes_after = 0;  ///< of all files
  std::vector<std::string> libraries_added, libraries_removed;
  std::vector<LibraryChange> libraries;  ///< in both, with other symbols or needs
  std::vector<std::string> licences;     ///< differing files that look like a licence
  std::vector<std::string> notes;        ///< files that could not be looked into, and why

  [[nodiscard]] bool equal() const { return files.empty(); }
};

enum class Depth { files, libraries };

/// Holds one image against another, `after` being read first: layers that both have are then known
/// where there is a store. Of libraries that differ, Depth::libraries reads the bytes. The one
/// comparison behind `cullet diff`, `build --affected-by` and `upstream build`. Throws as
/// read_contents().
Comparison compare(Repository& before_in,
                   const Descriptor& before,
                   Repository& after_in,
                   const Descriptor& after,
                   Depth depth,
                   const Cancel& cancel,
                   const ReadOptions& options);

/// Whether a path is named as licences are: COPYING, LICENSE.txt, share/doc/x/copyright.
bool is_licence(std::string_view path);

}  // namespace cullet::image
