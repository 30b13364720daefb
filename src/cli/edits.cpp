// SPDX-License-Identifier: Apache-2.0
#include "edits.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/source/edit.hpp"

#include "forks.hpp"
#include "patch_options.hpp"

namespace cullet::cli {

plan::Edits capture_edits(Session& session, const plan::Plan& plan, ProgressView& view) {
  plan::Edits edits;
  std::vector<std::string> forks;
  for (const auto& node : plan.nodes) {
    if (node.kind != plan::ActionKind::source)
      continue;
    forks.push_back(node.fork->name);
    const auto directory = checkout_of(session, *node.fork);
    if (!is_there(directory, true))
      continue;
    const auto context = source_context(session, view);
    source::ensure_pin(context, *node.fork);
    edits.emplace(node.fork->name, source::prepare_edits(context, *node.fork, directory).digest);
  }
  if (edits.empty())
    throw Error(Kind::input, "--with-edits: no fork that is built from has a checkout")
        .detail(cat("forks: ", join(forks, ", ")))
        .hint("`cullet patch edit FORK` makes one");
  return edits;
}

void refuse_edits(image::Repository& repository,
                  const image::Descriptor& descriptor,
                  std::string_view doing) {
  if (descriptor.media_type != image::kManifestType)
    return;
  const auto found = repository.find_manifest(descriptor.digest);
  if (!found)
    return;
  const auto manifest = image::Manifest::parse(found->bytes, "image");
  const auto edits = manifest.annotations.find(std::string(image::kEditsAnnotation));
  if (edits == manifest.annotations.end())
    return;
  throw Error(Kind::refused,
              cat("cannot ", doing, " ", descriptor.digest, ": it is not for release"))
      .detail(cat("it was built --with-edits of ", printable(edits->second)))
      .hint("`cullet patch save` the edits, then build it again");
}

}  // namespace cullet::cli
