// SPDX-License-Identifier: Apache-2.0
#include "reproduction.hpp"

#include "cullet/attest/provenance.hpp"
#include "cullet/attest/purl.hpp"
#include "cullet/attest/summary.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/build/statements.hpp"
#include "cullet/image/layer.hpp"
#include "cullet/trust/attestation.hpp"

#include "other_view.hpp"
#include "proven_inputs.hpp"
#include "signed_image.hpp"

namespace cullet::cli {

namespace {

constexpr std::string_view kArchitecture = "amd64";
constexpr std::string_view kWhat = "the provenance";

/// How an image was built, by a verified statement.
struct StatedBuild {
  BlobDigest carrier;
  Json predicate;
  std::string recipe;
};

/// Throws for what this program can't build again.
StatedBuild stated_build(const trust::Attestation& statement) {
  const auto& definition = object_at(statement.predicate, "buildDefinition", kWhat);
  if (const auto& type = string_at(definition, "buildType", kWhat); type != attest::kBuildType)
    throw Error(Kind::input, cat("the image was built by something else: ", printable(type)));
  const auto& internal = object_at(definition, "internalParameters", kWhat);
  if (const auto& architecture = string_at(internal, "architecture", kWhat);
      architecture != kArchitecture)
    throw Error(Kind::machine,
                cat("the image is for ", printable(architecture), ", and this is ", kArchitecture))
        .hint("run it on a machine of that architecture");
  const auto assembly = number_at(internal, "assembly", kWhat);
  if (assembly != image::kAssembly)
    throw Error(Kind::machine,
                cat("the image follows assembly contract ",
                    assembly,
                    ", and this cullet writes contract ",
                    image::kAssembly,
                    ": the same inputs give other bytes"))
        .hint(cat("it was built with cullet ",
                  printable(optional_string(internal, "cullet", kWhat)),
                  ": reproduce it with that version"));
  return {statement.carrier,
          statement.predicate,
          string_at(object_at(definition, "externalParameters", kWhat), "recipe", kWhat)};
}

/// Provenance of the build that was just made on the other machine.
Json own_provenance(Session& session,
                    const OtherMachine& machine,
                    const std::string& recipe,
                    const std::string& builder,
                    std::int64_t started) {
  const auto workspace = workspace::load(machine.workspace(), session.jobs());
  const auto lock = environment::lock_of(workspace);
  store::Store store(machine.store(), session.cancel());
  build::Observer nobody;
  const build::Context context{.workspace = workspace,
                               .lock = lock,
                               .store = store,
                               .http = session.http(),
                               .cancel = session.cancel(),
                               .observer = nobody,
                               .mirrors = {},
                               .environment = {}};
  auto plan = build::make_plan(workspace, lock, {recipe});
  plan::examine(plan, build::knowledge(context));
  const auto& target = plan.targets.at(0);
  attest::Circumstances circumstances;
  circumstances.files = build::workspace_files(workspace, plan, target);
  circumstances.builder = builder;
  circumstances.version = CULLET_VERSION;
  circumstances.started = started;
  circumstances.finished = session.environment().now();
  return attest::provenance(plan, target, circumstances);
}

/// The carrier of a statement of provenance that says `predicate`, which is there.
BlobDigest carrier_of(ResolvedImage& image, const trust::PublicKey& key, const Json& predicate) {
  for (const auto& found :
       trust::attestations(*image.repository, image.manifest, {key}, attest::kProvenanceType))
    if (found.problem.empty() && attest::same_provenance(found.predicate, predicate))
      return found.carrier;
  throw Error(Kind::machine, cat(image.repository->name(), " has lost what was just attached"));
}

/// Says that the image was reproduced; false where that has been said.
bool say_reproduced(Session& session,
                    ResolvedImage& image,
                    const StatedBuild& stated,
                    const trust::PrivateKey& key,
                    const std::string& name,
                    const Json& provenance) {
  bool added = trust::attest(*image.repository,
                             image.manifest,
                             key,
                             {std::string(attest::kProvenanceType), provenance},
                             attest::same_provenance);
  const attest::Rebuild rebuild{
      .verifier = name,
      .version = CULLET_VERSION,
      .resource = attest::image_purl(image.manifest.digest, image.repository->name()),
      .time = session.environment().now(),
      .provenance = {stated.carrier, carrier_of(image, key.public_key(), provenance)}};
  const trust::Claim claim{std::string(attest::kSummaryType), attest::reproduced_summary(rebuild)};
  if (trust::attest(*image.repository, image.manifest, key, claim, attest::same_summary))
    added = true;
  return added;
}

/// An independent rebuilder is somebody else than the builder.
void demand_independent(const ReproductionOptions& options) {
  if (!options.rebuilder)
    return;
  const auto key = options.rebuilder->public_key();
  if (key == options.release || key == options.statements)
    throw Error(Kind::input,
                cat("--sign names the key of ",
                    key == options.release ? "the release" : "the builder's statements",
                    ": nobody is independent of himself"))
        .hint("a rebuilder has a key of its own: `cullet key new`");
}

}  // namespace

Reproduction reproduce(Session& session,
                       ResolvedImage& image,
                       const ReproductionOptions& options,
                       ProgressView& view) {
  demand_independent(options);
  demand_signed(image, options.release);
  const auto kept =
      proven_inputs(image, {options.statements}, [](const auto& one) { stated_build(one); });
  const auto stated = stated_build(kept.provenance);
  const auto started = session.environment().now();
  OtherMachine machine(session);
  {
    store::Store store(machine.store(), session.cancel());
    build::restore_inputs(*image.repository,
                          kept.list,
                          machine.workspace(),
                          store,
                          session.cancel(),
                          view,
                          &kept.demanded);
  }
  const auto record = machine.build({stated.recipe}, view);
  const auto built = image::Descriptor::parse(
      object_at(object_at(record, "image", "the record"), "manifest", "the record"), "the record");
  Reproduction out;
  out.recipe = stated.recipe;
  out.inputs = kept.list.inputs.size();
  out.input_bytes = kept.list.bytes();
  out.varied = machine.varied();
  out.target.recipe = stated.recipe;
  out.target.before = image.manifest.digest.str();
  out.target.after = built.digest.str();
  if (!out.target.same()) {
    store::Store store(machine.store(), session.cancel());
    image::DifferenceOptions looking;
    looking.detail = other_view(session, "diffoscope");
    explain_difference(out.target,
                       *image.repository,
                       image.manifest,
                       *build::store_repository(store),
                       built,
                       looking,
                       session.cancel());
  } else if (options.rebuilder) {
    const auto& key = *options.rebuilder;
    out.rebuilder_name =
        options.rebuilder_name.empty()
            ? cat("urn:cullet:rebuilder:", sha256(key.public_key().pem()).hex().substr(0, 16))
            : options.rebuilder_name;
    const auto provenance =
        own_provenance(session, machine, out.recipe, out.rebuilder_name, started);
    out.added = say_reproduced(session, image, stated, key, out.rebuilder_name, provenance);
  }
  return out;
}

}  // namespace cullet::cli
