// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/path.hpp"

namespace cullet {

std::optional<RelativePath> RelativePath::parse(std::string_view text, bool absolute_ok) {
  if (text.find('\0') != text.npos || (text.starts_with('/') && !absolute_ok))
    return std::nullopt;
  std::string normal;
  normal.reserve(text.size());
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('/'));
    text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
    if (part == "..")
      return std::nullopt;
    if (part.empty() || part == ".")
      continue;
    if (!normal.empty())
      normal += '/';
    normal += part;
  }
  if (normal.empty())
    return std::nullopt;
  return RelativePath(std::move(normal));
}

std::optional<RelativePath> RelativePath::parent() const {
  const auto slash = text_.rfind('/');
  if (slash == text_.npos)
    return std::nullopt;
  return RelativePath(text_.substr(0, slash));
}

std::string_view RelativePath::name() const {
  const auto slash = text_.rfind('/');
  return std::string_view(text_).substr(slash == text_.npos ? 0 : slash + 1);
}

}  // namespace cullet
