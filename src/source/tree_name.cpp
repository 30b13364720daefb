// SPDX-License-Identifier: Apache-2.0
#include "tree_name.hpp"

namespace cullet::source {

bool is_tree_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != name.npos)
    return false;
  const auto is = [](char c, char lower) { return c == lower || c == lower - 'a' + 'A'; };
  return !(name.size() == 4 && name[0] == '.' && is(name[1], 'g') && is(name[2], 'i') &&
           is(name[3], 't'));
}

}  // namespace cullet::source
