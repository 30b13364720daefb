// SPDX-License-Identifier: Apache-2.0
#include "place_tags.hpp"

#include <filesystem>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/build/tags.hpp"
#include "cullet/workspace/read.hpp"

#include "edits.hpp"
#include "file_lock.hpp"

namespace cullet::cli {

bool is_scratch(Session& session, const registry::Reference& reference) {
  if (!reference.layout)
    return false;
  const auto root = session.workspace().root.lexically_normal();
  const auto inside =
      std::filesystem::path(reference.repository).lexically_normal().lexically_relative(root);
  return !inside.empty() && *inside.begin() != "..";
}

TagLock lock_tags(Session& session,
                  const image::Repository& repository,
                  const registry::Reference& reference) {
  TagLock lock{session.store().lock_action(
                   Key(canonical_digest({{"lock", "tags"}, {"repository", repository.name()}})),
                   session.cancel()),
               {}};
  if (reference.layout) {
    // Not the layout's folder: what writes its index locks that.
    lock.in_layout = open_directory(std::filesystem::path(reference.repository) / "blobs");
    wait_for_lock(lock.in_layout, "the layout", session.cancel());
  }
  return lock;
}

registry::CopyReport copy_and_tag(Session& session,
                                  image::Repository& from,
                                  const image::Descriptor& manifest,
                                  image::Repository& to,
                                  const registry::Reference& reference,
                                  registry::CopyOptions options,
                                  const std::function<void()>& demand_free) {
  if (reference.tag.empty() || !demand_free) {
    if (!reference.tag.empty())
      options.tags = {reference.tag};
    return registry::copy_image(from, manifest, to, options, session.cancel());
  }
  demand_free();
  const auto report = registry::copy_image(from, manifest, to, options, session.cancel());
  const auto found = from.find_manifest(manifest.digest).value();
  const auto lock = lock_tags(session, to, reference);
  const auto descriptor = image::Descriptor::of(found.bytes, found.media_type);
  while (!build::put_tags(to, descriptor, found.bytes, {reference.tag}, {reference.tag}).empty())
    demand_free();
  return report;
}

std::vector<std::string> edits_tags(const registry::Reference& reference,
                                    const plan::TagRules& rules) {
  if (!reference.tag.empty() && !reference.tag.ends_with(kEditsSuffix))
    throw Error(Kind::usage,
                cat("--push ", reference.str(), ": an image with edits is not for release"))
        .hint(cat("push it as ", reference.str(), kEditsSuffix));
  if (!reference.tag.empty())
    return {reference.tag};
  std::vector<std::string> tags;
  for (const auto& tag : rules.tags)
    tags.push_back(cat(tag.text, kEditsSuffix));
  return tags;
}

std::string default_tag(Session& session, const std::string& text, image::Repository& repository) {
  if (text.find_first_of(":/") != std::string::npos)
    return "latest";
  const auto recipe = session.workspace().recipes.find(text);
  if (recipe == session.workspace().recipes.end() || !recipe->second.image)
    return "latest";
  workspace::check_references(session.workspace());
  const auto rules = plan::tag_rules(session.workspace(), recipe->second);
  if (rules.patched)
    if (const auto newest = build::newest_break_glass(repository, rules))
      return *newest;
  return rules.tags.front().text;
}

}  // namespace cullet::cli
