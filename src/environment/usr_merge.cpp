// SPDX-License-Identifier: Apache-2.0
#include "usr_merge.hpp"

#include <algorithm>
#include <vector>

#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

using Components = std::vector<std::string>;

/// `text` seen from `from`, without "." and ".."; as in the kernel, ".." of the root is the root.
Components resolved(Components from, std::string_view text) {
  for (auto& part : split(text, '/')) {
    if (part.empty() || part == ".")
      continue;
    if (part != "..")
      from.push_back(std::move(part));
    else if (!from.empty())
      from.pop_back();
  }
  return from;
}

Components merged(Components path) {
  if (!path.empty() && std::find(kMergedDirectories.begin(), kMergedDirectories.end(), path[0]) !=
                           kMergedDirectories.end())
    path.insert(path.begin(), "usr");
  return path;
}

Components directory_of(const RelativePath& path) {
  const auto parent = path.parent();
  return parent ? split(parent->str(), '/') : Components();
}

std::string relative(const Components& from, const Components& to) {
  const auto common =
      std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first - from.begin();
  Components parts(from.size() - static_cast<std::size_t>(common), "..");
  parts.insert(parts.end(), to.begin() + common, to.end());
  return parts.empty() ? "." : join(parts, "/");
}

}  // namespace

RelativePath merged_path(const RelativePath& path) {
  const auto parts = split(path.str(), '/');
  const auto moved = merged(parts);
  return moved == parts ? path : *RelativePath::parse("usr/" + path.str());
}

std::string merged_target(const RelativePath& path, const std::string& target) {
  const auto place = merged_path(path);
  if (place == path || target.empty() || target[0] == '/')
    return target;
  const auto meant = merged(resolved(directory_of(path), target));
  const auto from = directory_of(place);
  return merged(resolved(from, target)) == meant ? target : relative(from, meant);
}

}  // namespace cullet::environment
