// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/publish.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/registry/copy.hpp"
#include "cullet/trust/signature.hpp"

namespace cullet::build {

namespace {

bool tagged(image::Repository& to,
            const image::Descriptor& manifest,
            const std::vector<std::string>& tags) {
  return std::all_of(tags.begin(), tags.end(), [&](const std::string& tag) {
    const auto found = to.find_tag(tag);
    return found && found->digest == manifest.digest;
  });
}

}  // namespace

std::string put_tags(image::Repository& to,
                     const image::Descriptor& manifest,
                     const std::string& bytes,
                     const std::vector<std::string>& tags,
                     const std::vector<std::string>& fixed) {
  const auto is_fixed = [&](const std::string& tag) {
    return std::find(fixed.begin(), fixed.end(), tag) != fixed.end();
  };
  for (const auto& tag : tags) {
    if (!is_fixed(tag))
      continue;
    const auto before = to.find_tag(tag);
    if (before && before->digest == manifest.digest)
      continue;
    if (before)
      return tag;
    to.put_tag(tag, manifest, bytes);
    // Not there yet: some registries show a tag late.
    if (const auto after = to.find_tag(tag); after && after->digest != manifest.digest)
      return tag;
  }
  for (const auto& tag : tags)
    if (!is_fixed(tag))
      to.put_tag(tag, manifest, bytes);
  return {};
}

Published publish(store::Store& store,
                  const image::Descriptor& manifest,
                  image::Repository& to,
                  const PublishOptions& options,
                  const Cancel& cancel) {
  const auto from = store_repository(store);
  Published done;
  const bool in_place = !options.tags.empty() && tagged(to, manifest, options.tags);
  if (!in_place || options.thorough) {
    registry::CopyOptions copy;
    copy.parallel = options.parallel;
    copy.referrers = false;
    copy.thorough = options.thorough;
    copy.progress = options.progress;
    const auto report = registry::copy_image(*from, manifest, to, copy, cancel);
    done.bytes_sent = report.bytes_sent;
    done.changed = !in_place || report.blobs_sent > 0;
  }
  const auto reference = options.tags.empty() ? to.name() : to.name() + ":" + options.tags[0];
  if (options.public_key && !trust::is_signed(to, manifest, *options.public_key, reference)) {
    const auto key = options.private_key();
    trust::demand_pair(key, *options.public_key, options.key_file);
    trust::sign(to, manifest, key, reference);
    done.changed = true;
  }
  if (attach(to, manifest, options.statements))
    done.changed = true;
  if (options.attach_more && options.attach_more())
    done.changed = true;
  if (!in_place) {
    const auto bytes = store.read_blob(manifest.digest, image::kMaxManifestBytes);
    done.taken = put_tags(to, manifest, bytes, options.tags, options.fixed);
  }
  return done;
}

}  // namespace cullet::build
