// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cullet/base/stream.hpp"

namespace cullet::image {

/// What a dynamic ELF file offers and asks for (System V gABI, "Dynamic Linking").
struct DynamicObject {
  std::string soname;               ///< of a shared library; may be empty
  std::vector<std::string> needed;  ///< sonames, in the file's order
  std::set<std::string> symbols;    ///< names that it defines for others (.dynsym)
};

/// Reads a whole ELF file of either class and byte order. nullopt for what is no ELF file or has no
/// dynamic section. Throws Kind::input for one that contradicts itself: offsets outside the file,
/// names without end, two symbol tables, more than a million symbols, names that are together many
/// times the table that they stand in.
std::optional<DynamicObject> read_dynamic(Bytes file);

}  // namespace cullet::image
