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
#include "../place_tags.hpp"
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

/// Of the workspace's recipes, the one whose image this is, as the store remembers it.
const plan::Plan::Target& built_target(const plan::Plan& plan, const ResolvedImage& image) {
  for (const auto& target : plan.targets)
    if (target.image && plan.nodes[*target.image].record &&
        build::built_image(plan, target).digest == image.manifest.digest)
      return target;
  throw Error(Kind::input,
              cat(image_name(image), " has no inputs, and is no image that this workspace built"))
      .detail("of a workspace that has changed since, or with another store, that can't be told")
      .hint("build it again: `cullet build NAME --keep-inputs`");
}

/// The image goes where its inputs go; no tag that stands elsewhere moves. The inputs are all here
/// before anything is there, and the tag moves when they are there, too.
class InputsPush {
 public:
  InputsPush(Session& session, ResolvedImage image, registry::Reference to)
      : session_(session), image_(std::move(image)), to_(std::move(to)) {}

  build::KeepReport run(ProgressView& view) {
    if (!to_.tag.empty() && !to_.tag.ends_with(kEditsSuffix))
      refuse_edits(*image_.repository, image_.manifest, cat("push as '", to_.tag, "'"));
    // What refers to an image is copied with it, its inputs among that.
    if (auto kept = build::find_inputs(*image_.repository, image_.manifest)) {
      put(*open(), true);
      build::KeepReport report;
      report.list = std::move(*kept);
      return report;
    }
    const auto context = session_.build_context(view);
    auto plan = build::make_plan(session_.workspace(), session_.lock(), {});
    plan::examine(plan, build::knowledge(context));
    const auto& target = built_target(plan, image_);
    const auto list = build::collect_inputs(context, plan, target);
    if (const auto key = session_.attestation_public_key())
      demand_proven(image_, *key, list);
    const auto repository = open();
    demand_free(*repository);
    if (!repository->has_manifest(image_.manifest.digest))
      registry::copy_image(*image_.repository, image_.manifest, *repository, {}, session_.cancel());
    const auto shared = session_.shared_inputs(true);
    auto report =
        build::keep_inputs(context, plan, target, *repository, image_.manifest, shared.get());
    put(*repository, false);
    return report;
  }

 private:
  std::unique_ptr<image::Repository> open() { return session_.repository(to_, true); }

  void demand_free(image::Repository& repository) const {
    const auto there = to_.tag.empty() ? std::nullopt : repository.find_tag(to_.tag);
    if (there && there->digest != image_.manifest.digest)
      throw Error(Kind::refused, cat(to_.str(), " is another image: ", there->digest))
          .hint("`cullet push --force` moves tags");
  }

  /// The image with its tag, and with what refers to it where that is asked for.
  void put(image::Repository& repository, bool referrers) {
    registry::CopyOptions options;
    options.referrers = referrers;
    copy_and_tag(session_, *image_.repository, image_.manifest, repository, to_, options, [&] {
      demand_free(repository);
    });
  }

  Session& session_;
  const ResolvedImage image_;
  const registry::Reference to_;
};

int push(Session& session, const std::string& from, const std::string& to_text) {
  auto to = session.destination(to_text);
  auto image = resolve_image(session, from);
  if (to.tag.empty())
    to.tag = image.reference.tag;
  const auto digest = image.manifest.digest;
  build::KeepReport report;
  {
    ProgressView view(session.environment());
    view.note(cat("keeping the inputs of ", image.reference.str(), " in ", to.name()));
    report = InputsPush(session, std::move(image), to).run(view);
  }
  auto record = to_json(report);
  record["reference"] = to.str();
  record["digest"] = digest.str();
  if (session.options().json)
    session.print(record);
  else
    session.environment().out << cat(to.str(),
                                     "@",
                                     digest,
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
