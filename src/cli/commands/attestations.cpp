// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <CLI/CLI.hpp>

#include "cullet/attest/policy.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/trust/attestation.hpp"
#include "cullet/trust/signature.hpp"

#include "../command.hpp"
#include "../resolve.hpp"
#include "../statement_keys.hpp"

namespace cullet::cli {

namespace {

struct AttestationOptions {
  std::string reference, type, envelope_file;
  std::vector<std::string> keys;
};

/// The one statement of a type; nothing of what isn't verified.
const trust::Attestation& only_one(const std::vector<trust::Attestation>& found,
                                   const std::string& type,
                                   const std::string& name,
                                   const std::vector<std::string>& there) {
  const trust::Attestation* only = nullptr;
  for (const auto& one : found) {
    if (!one.problem.empty())
      continue;
    if (only != nullptr)
      throw Error(Kind::input, cat(name, " has several statements of type ", type))
          .hint("--json lists them all");
    only = &one;
  }
  if (only != nullptr)
    return *only;
  Error error(Kind::refused, cat(name, " has no statement of type ", type, " by this key"));
  for (const auto& one : found)
    error.detail(cat(one.carrier, ": ", one.problem));
  if (found.empty() && !there.empty())
    error.hint(cat("the types that are there: ", join(there, ", ")));
  throw std::move(error);
}

/// The types of all that is said of the image, by their short names where they have one.
std::vector<std::string> types_there(const ResolvedImage& image,
                                     const std::vector<trust::PublicKey>& keys) {
  std::set<std::string> types;
  for (const auto& one : trust::attestations(*image.repository, image.manifest, keys))
    if (one.predicate_type != trust::kSignPredicate && !one.predicate_type.empty())
      types.insert(printable(attest::statement_name(one.predicate_type)));
  return {types.begin(), types.end()};
}

int write_envelope(Session& session,
                   const trust::Attestation& one,
                   const std::string& name,
                   const std::string& file) {
  const auto path = session.directory() / file;
  std::error_code none;
  // A link such as /dev/stdout would be replaced itself.
  if (const auto status = std::filesystem::symlink_status(path, none);
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error(Kind::input, cat(printable(path.string()), " is no regular file"))
        .hint("name a new file");
  replace_file(path, one.envelope);
  if (session.options().json)
    session.print({{"image", name},
                   {"carrier", one.carrier.str()},
                   {"type", printable(one.predicate_type)},
                   {"file", file}});
  return 0;
}

std::string line(const trust::Attestation& one, const std::string& type) {
  // A release is signed by another key than statements are, on purpose: that is no failure.
  if (one.predicate_type == trust::kSignPredicate && !one.problem.empty())
    return cat("signature ", one.carrier, "  of the image: see `cullet verify`\n");
  const bool holds = one.problem.empty();
  return cat(holds ? "verified  " : "not       ",
             one.carrier,
             "  ",
             type,
             holds ? "" : ": ",
             printable(one.problem),
             "\n");
}

int list(Session& session, const std::vector<trust::Attestation>& found, const std::string& name) {
  Json records = Json::array();
  bool any = false;
  for (const auto& one : found) {
    const bool holds = one.problem.empty();
    any = any || holds;
    const auto type =
        printable(one.predicate_type.empty() ? one.artifact_type : one.predicate_type);
    Json record{{"carrier", one.carrier.str()}, {"type", type}, {"verified", holds}};
    record[holds ? "predicate" : "problem"] = holds ? one.predicate : Json(printable(one.problem));
    records.push_back(std::move(record));
    if (!session.options().json)
      session.environment().out << line(one, type);
  }
  if (session.options().json)
    session.print({{"image", name}, {"attestations", std::move(records)}});
  if (!any)
    throw Error(Kind::refused, cat(name, " has no attestation by this key"))
        .hint("name the builder's key: --key attest.pub");
  return 0;
}

int attestations(Session& session, const AttestationOptions& options) {
  const bool write = !options.envelope_file.empty();
  if (write && options.type.empty())
    throw Error(Kind::usage, "--dsse writes one statement: say which with --type");
  const auto keys = statement_keys(session, options.keys);
  const auto resolved = resolve_image(session, options.reference);
  const auto name = image_name(resolved);
  const auto type = attest::statement_type(options.type);
  auto found = trust::attestations(*resolved.repository, resolved.manifest, keys, type);
  // Kept inputs refer to the image and say nothing of it.
  std::erase_if(found, [](const auto& one) { return one.artifact_type == build::kInputsType; });
  std::vector<std::string> there;
  if (found.empty() && !type.empty())
    there = types_there(resolved, keys);
  if (write)
    return write_envelope(session, only_one(found, type, name, there), name, options.envelope_file);
  if (type.empty() || session.options().json)
    return list(session, found, name);
  session.environment().out << only_one(found, type, name, there).predicate.dump(2) << '\n';
  return 0;
}

}  // namespace

void register_attestations(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<AttestationOptions>();
  auto* command = add_command(app,
                              "attestations",
                              "what is said of an image, verified: provenance, SBOMs, verdicts",
                              "cullet attestations nginx\n"
                              "  cullet attestations nginx --type spdx > nginx.spdx.json");
  command->add_option("ref", options->reference, kReference)->required();
  add_key_option(*command, options->keys);
  command
      ->add_option("--type",
                   options->type,
                   "print the one predicate of this type: provenance, spdx, cyclonedx, vsa, vex or "
                   "its URI")
      ->type_name("TYPE");
  command
      ->add_option("--dsse",
                   options->envelope_file,
                   "write that statement as a signed DSSE envelope, for tools that read files")
      ->type_name("FILE");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return attestations(session, *options); };
  });
}

}  // namespace cullet::cli
