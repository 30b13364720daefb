// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/inputs.hpp"

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"
#include "cullet/registry/copy.hpp"

#include "../command.hpp"
#include "../edits.hpp"
#include "../inputs_options.hpp"
#include "../progress_view.hpp"
#include "../proven_inputs.hpp"
#include "../publishing.hpp"
#include "../resolve.hpp"
#include "../statement_keys.hpp"

namespace cullet::cli {

namespace {

Json record_of(const build::Input& input) {
  Json out{{"kind", build::name(input.kind)},
           {"name", printable(input.name)},
           {"digest", input.digest.str()},
           {"size", input.size}};
  if (!input.commit.empty())
    out["commit"] = input.commit;
  return out;
}

int list(Session& session, const std::string& reference) {
  const auto image = resolve_image(session, reference);
  const auto found = build::find_inputs(*image.repository, image.manifest);
  if (!found)
    throw none_kept(image);
  if (session.options().json) {
    Json records = Json::array();
    for (const auto& input : found->inputs)
      records.push_back(record_of(input));
    session.print({{"image", image_name(image)},
                   {"recipe", printable(found->recipe)},
                   {"bytes", found->bytes()},
                   {"inputs", std::move(records)}});
    return 0;
  }
  for (const auto& input : found->inputs)
    session.environment().out << cat(build::name(input.kind),
                                     "  ",
                                     input.commit.empty() ? input.digest.str() : input.commit,
                                     "  ",
                                     human_size(input.size),
                                     "  ",
                                     printable(input.name))
                              << '\n';
  session.environment().out << cat(found->inputs.size(), " inputs, ", human_size(found->bytes()))
                            << '\n';
  return 0;
}

/// The image goes where its inputs go, unless it is there; no tag that stands elsewhere moves.
void bring_image(Session& session,
                 const ResolvedImage& image,
                 const registry::Reference& to,
                 image::Repository& repository,
                 bool anyway) {
  registry::CopyOptions options;
  if (!to.tag.empty()) {
    const auto there = repository.find_tag(to.tag);
    if (there && there->digest != image.manifest.digest)
      throw Error(Kind::refused, cat(to.str(), " is another image: ", there->digest))
          .hint("`cullet push` moves tags");
    options.tags = {to.tag};
    if (!to.tag.ends_with(kEditsSuffix))
      refuse_edits(*image.repository, image.manifest, cat("push as '", to.tag, "'"));
  }
  if (anyway || !repository.has_manifest(image.manifest.digest))
    registry::copy_image(*image.repository, image.manifest, repository, options, session.cancel());
}

/// Of the workspace's recipes, the one whose image this is, as the store remembers it.
build::KeepReport keep(Session& session,
                       const ResolvedImage& image,
                       image::Repository& repository,
                       ProgressView& view) {
  const auto context = session.build_context(view);
  auto plan = build::make_plan(session.workspace(), session.lock(), {});
  plan::examine(plan, build::knowledge(context));
  for (const auto& target : plan.targets)
    if (target.image && plan.nodes[*target.image].record &&
        build::built_image(plan, target).digest == image.manifest.digest) {
      const auto shared = session.shared_inputs(true);
      return build::keep_inputs(context, plan, target, repository, image.manifest, shared.get());
    }
  throw Error(Kind::input,
              cat(image_name(image), " has no inputs, and is no image that this workspace built"))
      .detail("of a workspace that has changed since, or with another store, that can't be told")
      .hint("build it again: `cullet build NAME --keep-inputs`");
}

int push(Session& session, const std::string& from, const std::string& to_text) {
  const auto image = resolve_image(session, from);
  auto to = session.reference(to_text);
  if (to.tag.empty())
    to.tag = image.reference.tag;
  const auto repository = session.repository(to, true);
  build::KeepReport report;
  {
    ProgressView view(session.environment());
    view.note(cat("keeping the inputs of ", image.reference.str(), " in ", to.name()));
    // What refers to an image is copied with it, its inputs among that.
    auto kept = build::find_inputs(*image.repository, image.manifest);
    bring_image(session, image, to, *repository, kept.has_value());
    if (kept)
      report.list = std::move(*kept);
    else
      report = keep(session, image, *repository, view);
  }
  auto record = to_json(report);
  record["reference"] = to.str();
  record["digest"] = image.manifest.digest.str();
  if (session.options().json)
    session.print(record);
  else
    session.environment().out << cat(to.str(),
                                     "@",
                                     image.manifest.digest,
                                     ": ",
                                     report.list.inputs.size(),
                                     " inputs, ",
                                     human_size(report.list.bytes()))
                              << '\n';
  return 0;
}

struct RestoreOptions {
  std::string reference, directory;
  std::vector<std::string> keys;
};

/// The inputs that verified provenance names; without keys, those that are there.
build::InputsManifest believed(const ResolvedImage& image,
                               const std::vector<trust::PublicKey>& keys,
                               std::optional<build::DemandedInputs>& demanded) {
  if (!keys.empty()) {
    auto proven = proven_inputs(image, keys, [](const trust::Attestation&) {});
    demanded = std::move(proven.demanded);
    return std::move(proven.list);
  }
  auto found = build::find_inputs(*image.repository, image.manifest);
  if (!found)
    throw none_kept(image);
  return std::move(*found);
}

int restore(Session& session, const RestoreOptions& options) {
  std::vector<trust::PublicKey> keys;
  if (!options.keys.empty())
    keys = statement_keys(session, options.keys);
  const auto image = resolve_image(session, options.reference);
  std::optional<build::DemandedInputs> demanded;
  const auto inputs = believed(image, keys, demanded);
  {
    ProgressView view(session.environment());
    if (keys.empty())
      view.note("no --key: the inputs are not held against signed provenance");
    build::restore_inputs(*image.repository,
                          inputs,
                          session.directory() / options.directory,
                          session.store(),
                          session.cancel(),
                          view,
                          demanded ? &*demanded : nullptr);
  }
  if (session.options().json)
    session.print({{"image", image_name(image)},
                   {"recipe", printable(inputs.recipe)},
                   {"directory", options.directory},
                   {"inputs", inputs.inputs.size()},
                   {"bytes", inputs.bytes()},
                   {"verified", demanded.has_value()}});
  else
    session.environment().out << cat(options.directory,
                                     ": `cullet build ",
                                     printable(inputs.recipe),
                                     " --offline` builds there what is ",
                                     image.manifest.digest)
                              << '\n';
  return 0;
}

constexpr const char* kReference = "a recipe's image, or HOST/NAME:TAG, or oci:PATH:TAG";

void register_restore(CLI::App& parent, Action& chosen) {
  auto options = std::make_shared<RestoreOptions>();
  auto* command = add_command(
      parent,
      "restore",
      "lay an image's inputs out as a workspace that builds it without upstream",
      "cullet inputs restore registry.example.com/prod/nginx:1.22.1 rebuilt --key attest.pub");
  command->add_option("ref", options->reference, kReference)->required();
  command->add_option("directory", options->directory, "a new directory for the workspace")
      ->required();
  command
      ->add_option(
          "--key", options->keys, "demand what provenance by this public key names; again for more")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return restore(session, *options); };
  });
}

}  // namespace

void register_inputs(CLI::App& app, Action& chosen) {
  auto* group = add_command(app,
                            "inputs",
                            "the inputs of an image, kept beside it",
                            "cullet inputs list nginx\n"
                            "  cullet inputs export nginx nginx.tar");
  group->require_subcommand(1);
  {
    auto reference = std::make_shared<std::string>();
    auto* command =
        add_command(*group, "list", "what a rebuild of an image needs", "cullet inputs list nginx");
    command->add_option("ref", *reference, kReference)->required();
    command->callback([reference, &chosen] {
      chosen = [reference](Session& session) { return list(session, *reference); };
    });
  }
  {
    auto from = std::make_shared<std::string>();
    auto to = std::make_shared<std::string>();
    auto* command = add_command(*group,
                                "push",
                                "store the inputs of an image beside it",
                                "cullet inputs push nginx registry.example.com/prod/nginx:1.22.1");
    command->add_option("ref", *from, kReference)->required();
    command->add_option("to", *to, "where the image is, or is to go: HOST/NAME:TAG or oci:PATH:TAG")
        ->required();
    command->callback([from, to, &chosen] {
      chosen = [from, to](Session& session) { return push(session, *from, *to); };
    });
  }
  register_restore(*group, chosen);
  register_inputs_file(*group, chosen);
}

}  // namespace cullet::cli
