// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/layer.hpp"

namespace cullet::image {

namespace {

using store::TreeEntry;
using store::TreeEntryType;

/// What is there when all names of a file are equal: the file itself.
const TreeEntry& content_of(const TreeEntry& entry, const store::TreeManifest& manifest) {
  if (entry.type != TreeEntryType::hardlink)
    return entry;
  const auto* const file = manifest.find(entry.target);
  if (file == nullptr)
    throw Error(Kind::internal, cat("hard link '", entry.path, "' to nothing"));
  return *file;
}

bool same_content(const TreeEntry& a, const TreeEntry& b) {
  if (a.type != b.type || a.mode != b.mode)
    return false;
  switch (a.type) {
    case TreeEntryType::file:
      return a.size == b.size && a.content == b.content;
    case TreeEntryType::symlink:
      return a.target == b.target;
    case TreeEntryType::directory:
    case TreeEntryType::hardlink:
      break;
  }
  return true;
}

std::string describe(const TreeEntry& entry) {
  switch (entry.type) {
    case TreeEntryType::directory:
      return cat("a directory, mode ", octal(entry.mode));
    case TreeEntryType::symlink:
      return cat("a symbolic link to '", printable(entry.target), "'");
    case TreeEntryType::file:
    case TreeEntryType::hardlink:
      break;
  }
  return cat("a file of ",
             entry.size,
             " bytes, mode ",
             octal(entry.mode),
             ", sha256:",
             entry.content.hex());
}

}  // namespace

void check_conflicts(const std::vector<LayerContent>& layers) {
  struct Holder {
    const TreeEntry* content;
    const std::string* title;
  };
  std::map<std::string_view, Holder> seen;
  for (const auto& layer : layers)
    for (const auto& entry : layer.manifest->entries()) {
      const auto& content = content_of(entry, *layer.manifest);
      const auto [at, added] = seen.try_emplace(entry.path.str(), Holder{&content, &layer.title});
      if (added || same_content(*at->second.content, content))
        continue;
      throw Error(Kind::input, cat("two layers disagree about '", printable(entry.path.str()), "'"))
          .detail(cat("in ", *at->second.title, ": ", describe(*at->second.content)))
          .detail(cat("in ", layer.title, ": ", describe(content)))
          .hint("take it out of one of them, for example by an output that leaves it out");
    }
}

}  // namespace cullet::image
