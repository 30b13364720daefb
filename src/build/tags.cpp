// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/tags.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"

namespace cullet::build {

namespace {

std::optional<std::uint64_t> highest(image::Repository& repository, const plan::TagRules& rules) {
  std::optional<std::uint64_t> out;
  for (const auto& tag : repository.tags())
    if (const auto number = rules.number_of(tag))
      out = std::max(out.value_or(0), *number);
  return out;
}

std::string break_glass_tag(image::Repository& repository,
                            const plan::TagRules& rules,
                            const BlobDigest& digest,
                            const std::string& preferred) {
  std::uint64_t next = 1;
  bool free = rules.number_of(preferred).has_value();
  for (const auto& tag : repository.tags()) {
    const auto number = rules.number_of(tag);
    if (!number)
      continue;
    if (const auto found = repository.find_tag(tag); found && found->digest == digest)
      return tag;
    next = std::max(next, *number + 1);
    free = free && tag != preferred;
  }
  return free ? preferred : rules.break_glass(next);
}

}  // namespace

std::vector<std::string> tags_for(image::Repository& repository,
                                  const plan::TagRules& rules,
                                  const BlobDigest& digest,
                                  const std::string& preferred) {
  std::vector<std::string> tags;
  if (rules.patched)
    tags.push_back(break_glass_tag(repository, rules, digest, preferred));
  for (const auto& tag : rules.tags)
    if (!rules.patched || !tag.fixed)
      tags.push_back(tag.text);
  return tags;
}

std::optional<std::string> newest_break_glass(image::Repository& repository,
                                              const plan::TagRules& rules) {
  const auto number = highest(repository, rules);
  return number ? std::optional(rules.break_glass(*number)) : std::nullopt;
}

std::optional<image::Descriptor> standing_image(image::Repository& repository,
                                                const plan::TagRules& rules) {
  std::vector<std::string> tags;
  for (const auto& tag : rules.tags)
    if (!tag.fixed)
      tags.push_back(tag.text);
  if (const auto newest = newest_break_glass(repository, rules))
    tags.push_back(*newest);
  for (const auto& tag : rules.tags)
    if (tag.fixed)
      tags.push_back(tag.text);
  for (const auto& tag : tags)
    if (auto found = repository.find_tag(tag))
      return found;
  return std::nullopt;
}

void demand_unmoved(image::Repository& repository,
                    const std::vector<std::string>& fixed,
                    const BlobDigest& digest) {
  for (const auto& tag : fixed) {
    const auto found = repository.find_tag(tag);
    if (!found || found->digest == digest)
      continue;
    throw Error(Kind::refused,
                cat("the tag '", tag, "' of ", repository.name(), " is another image's already"))
        .detail(cat("it points to ", found->digest))
        .detail(cat("this image is ", digest))
        .hint(
            "a tag that says a version stays where it is: give the fork's pin a new `version`, "
            "or the change as a patch")
        .hint("--force moves it all the same");
  }
}

}  // namespace cullet::build
