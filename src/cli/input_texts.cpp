// SPDX-License-Identifier: Apache-2.0
#include "input_texts.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/path.hpp"

namespace cullet::cli {

namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{4} << 20U;
constexpr std::size_t kMostArtifacts = 200;

/// A blob with that digest that something attached to the image holds.
std::optional<std::string> attached(ResolvedImage& image, const BlobDigest& digest) {
  std::size_t left = kMostArtifacts;
  for (const auto& referrer : image.repository->referrers(image.manifest.digest)) {
    if (left-- == 0)
      break;
    const auto found = image.repository->find_manifest(referrer.digest);
    if (!found || found->media_type != image::kManifestType)
      continue;
    const auto manifest = image::Manifest::try_parse(found->bytes);
    if (!manifest)
      continue;
    for (const auto& layer : manifest->layers)
      if (layer.digest == digest && layer.size <= kLargestFile) {
        const auto blob = image.repository->open_blob(layer);
        return read_all(*blob, kLargestFile, digest.str());
      }
  }
  return std::nullopt;
}

/// The workspace's file, if it is the one with that digest.
std::optional<std::string> own(Session& session,
                               const std::string& name,
                               const BlobDigest& digest) {
  const auto path = RelativePath::parse(name);
  if (!path)
    return std::nullopt;
  auto text = read_file(session.workspace().root / path->str(), kLargestFile);
  return sha256(text) == digest ? std::optional(std::move(text)) : std::nullopt;
}

template <class Look>
std::optional<std::string> attempt(const Look& look) {
  try {
    return look();
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted)
      throw;
    return std::nullopt;  // no workspace, no such file, an artifact that is none: it stays unknown
  }
}

}  // namespace

std::vector<image::Finding> changed_lines(Session& session,
                                          ResolvedImage& before,
                                          ResolvedImage& after,
                                          const attest::InputChange& change) {
  const auto text_of = [&](const std::string& name_of_digest) -> std::optional<std::string> {
    const auto digest = BlobDigest::parse(name_of_digest);
    if (!digest)
      return std::nullopt;
    for (auto* const image : {&before, &after})
      if (auto text = attempt([&] { return attached(*image, *digest); }))
        return text;
    return attempt([&] { return own(session, change.name, *digest); });
  };
  const auto first = text_of(change.before);
  const auto second = first ? text_of(change.after) : std::nullopt;
  if (!second)
    return {};
  return image::explain_bytes(*first, *second, {});
}

}  // namespace cullet::cli
