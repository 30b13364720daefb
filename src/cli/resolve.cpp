// SPDX-License-Identifier: Apache-2.0
#include "resolve.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "place_tags.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kShownTags = 8;

Error no_image(image::Repository& repository, const std::string& what) {
  Error error(Kind::input, cat(repository.name(), " has no ", what));
  auto tags = repository.tags();
  if (tags.empty())
    return std::move(error.hint("it has no tag at all"));
  const bool more = tags.size() > kShownTags;
  if (more)
    tags.resize(kShownTags);
  return std::move(error.hint(cat("its tags are ", join(tags, ", "), more ? ", …" : "")));
}

/// At home, an image that was never built has no layout to be missing from.
std::unique_ptr<image::Repository> open(Session& session,
                                        const std::string& text,
                                        const registry::Reference& reference) {
  try {
    return session.repository(reference, false);
  } catch (Error& error) {
    if (reference.layout && !text.starts_with("oci:") && !is_there(reference.repository))
      error.hint(cat("`cullet build ", text.substr(0, text.find_first_of(":@")), "` makes it"));
    throw;
  }
}

}  // namespace

ResolvedImage resolve_image(Session& session, const std::string& text) {
  ResolvedImage out;
  out.reference = session.reference(text);
  out.repository = open(session, text, out.reference);
  if (out.reference.digest) {
    const auto found = out.repository->find_manifest(*out.reference.digest);
    if (!found)
      throw no_image(*out.repository, cat("manifest ", *out.reference.digest));
    out.manifest = image::Descriptor::of(found->bytes, found->media_type);
    return out;
  }
  if (out.reference.tag.empty())
    out.reference.tag = default_tag(session, text, *out.repository);
  const auto found = out.repository->find_tag(out.reference.tag);
  if (!found)
    throw no_image(*out.repository, cat("tag '", out.reference.tag, "'"));
  out.manifest = *found;
  return out;
}

std::string image_name(const ResolvedImage& image) {
  return cat(image.repository->name(), "@", image.manifest.digest);
}

image::ReadOptions read_options(Session& session) {
  try {
    return {.store = &session.store(), .threads = session.jobs()};
  } catch (const Error& error) {
    if (error.kind() != Kind::machine)
      throw;
    session.environment().err << cat(
        "note: layers are read each time: ", printable(error.message()), "\n");
    return {.store = nullptr, .threads = session.jobs()};
  }
}

}  // namespace cullet::cli
