// SPDX-License-Identifier: Apache-2.0
#include "publishing.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/publish.hpp"

#include "edits.hpp"

namespace cullet::cli {

namespace {

/// The recipe's tags with "{version}" replaced. Without a version that one falls away, and an image
/// without any tag gets "latest".
std::vector<std::string> tags_of(const workspace::Workspace& workspace,
                                 const workspace::Recipe& recipe) {
  constexpr std::string_view kVersion = "{version}";
  const auto& version =
      recipe.fork.empty() ? std::string() : workspace.forks.at(recipe.fork).version;
  auto patterns = recipe.image->tags;
  if (patterns.empty())
    patterns.emplace_back(kVersion);
  std::vector<std::string> tags;
  for (auto tag : patterns) {
    const auto at = tag.find(kVersion);
    if (at != std::string::npos && version.empty())
      continue;
    if (at != std::string::npos)
      tag.replace(at, kVersion.size(), version);
    tags.push_back(tag);
  }
  if (tags.empty())
    tags.emplace_back("latest");
  return tags;
}

/// Provenance and SBOM, if there is a key for them.
build::Statements statements_of(Session& session,
                                const plan::Plan& plan,
                                const plan::Plan::Target& target,
                                const PublishingOptions& wanted,
                                ProgressView& view) {
  build::Statements out;
  if (wanted.no_sign || wanted.no_attest)
    return out;
  out.public_key = session.attestation_public_key();
  if (!out.public_key) {
    view.note(cat("no provenance and no SBOM: there is no key ",
                  session.workspace().config.attestation_key,
                  " (`cullet key new` makes it; --no-attest leaves them out)"));
    return out;
  }
  out.private_key = [&session] { return session.attestation_private_key(); };
  build::Observer silent;
  out.list = build::statements(session.build_context(silent),
                               plan,
                               target,
                               {.version = CULLET_VERSION,
                                .started = wanted.started,
                                .finished = session.environment().now(),
                                .cyclonedx = wanted.cyclonedx});
  return out;
}

/// Makes tags that no release has, and throws Kind::usage for a push to one that could be its.
void keep_from_release(Session& session,
                       const std::vector<std::string>& push,
                       std::vector<std::string>& tags) {
  for (auto& tag : tags)
    tag += kEditsSuffix;
  for (const auto& text : push)
    if (const auto to = session.reference(text); !to.tag.empty() && !to.tag.ends_with(kEditsSuffix))
      throw Error(Kind::usage, cat("--push ", text, ": an image with edits is not for release"))
          .hint(cat("push it as ", to.name(), ":", to.tag, kEditsSuffix));
}

}  // namespace

Json PublishedImage::to_json() const {
  return {{"reference", reference},
          {"digest", manifest.digest.str()},
          {"config", config.digest.str()},
          {"size", size}};
}

std::string default_tag(Session& session, const std::string& text) {
  if (text.find_first_of(":/") != std::string::npos)
    return "latest";
  const auto recipe = session.workspace().recipes.find(text);
  if (recipe == session.workspace().recipes.end() || !recipe->second.image)
    return "latest";
  return tags_of(session.workspace(), recipe->second).front();
}

PublishedImage publish_image(Session& session,
                             const plan::Plan& plan,
                             const plan::Plan::Target& target,
                             const PublishingOptions& asked,
                             ProgressView& view) {
  const auto& value = plan.nodes[target.image.value()].record.value().value;
  PublishedImage done;
  done.manifest = image::Descriptor::parse(object_at(value, "manifest", "image"), "image");
  done.config = image::Descriptor::parse(object_at(value, "config", "image"), "image");
  const auto manifest = image::Manifest::parse(
      session.store().read_blob(done.manifest.digest, image::kMaxManifestBytes), "image");
  done.size = done.manifest.size + done.config.size;
  for (const auto& layer : manifest.layers)
    done.size += layer.size;

  auto reference = session.home(target.recipe->name);
  build::PublishOptions options;
  options.tags = tags_of(session.workspace(), *target.recipe);
  auto wanted = asked;
  if (!plan::edited_forks(plan.nodes[*target.image]).empty()) {
    wanted.no_sign = true;
    keep_from_release(session, wanted.push, options.tags);
  }
  reference.tag = options.tags.front();
  done.reference = reference.str();
  if (!wanted.no_sign)
    options.public_key = session.public_key("");
  std::optional<trust::PrivateKey> key;
  options.private_key = [&] {
    if (!key)
      key = session.private_key("");
    return *key;
  };
  options.statements = statements_of(session, plan, target, wanted, view);
  const auto title = cat("pushing ", target.recipe->name);
  options.progress = [&](std::uint64_t sent, std::uint64_t of) { view.transfer(title, sent, of); };

  const auto home = session.repository(reference, true);
  with_context(cat("publishing ", done.reference), [&] {
    build::publish(session.store(), done.manifest, *home, options, session.cancel());
  });
  for (const auto& text : wanted.push) {
    const auto to = session.reference(text);
    auto there = options;
    if (!to.tag.empty())
      there.tags = {to.tag};
    with_context(cat("pushing ", target.recipe->name, " to ", text), [&] {
      // From the store again, and signed again: a signature names the reference it was made for.
      const auto repository = session.repository(to, true);
      build::publish(session.store(), done.manifest, *repository, there, session.cancel());
    });
    view.note(cat("pushed ", to.name(), ":", there.tags.front()));
  }
  return done;
}

}  // namespace cullet::cli
