// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/attest/summary.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/signature.hpp"

#include "../command.hpp"
#include "../escaped.hpp"
#include "../policy_check.hpp"
#include "../resolve.hpp"
#include "../signed_image.hpp"

namespace cullet::cli {

namespace {

struct VerifyOptions {
  std::string reference, policy;
  ImageKeys keys;
  std::size_t rebuilders = 0;
  std::vector<std::string> rebuilder_keys;
};

/// Who reproduced the image; throws Kind::refused where that are fewer than asked for.
Json demand_rebuilt(Session& session,
                    ResolvedImage& image,
                    const std::vector<trust::PublicKey>& builders,
                    const VerifyOptions& options) {
  std::vector<trust::PublicKey> trusted;
  for (const auto& file : options.rebuilder_keys)
    trusted.push_back(session.public_key(file));
  const auto found = attest::rebuilders(*image.repository, image.manifest, trusted, builders);
  attest::demand_rebuilders(found, options.rebuilders, image_name(image));
  Json out = Json::array();
  for (const auto& one : found.counted)
    out.push_back({{"key", options.rebuilder_keys.at(one.key)},
                   {"verifier", printable(one.verifier)},
                   {"time", printable(one.time)},
                   {"carrier", one.carrier.str()}});
  return out;
}

/// Lists every rule, and throws Kind::refused where one failed.
int verify_policy(Session& session, const std::string& text, const std::string& file) {
  const auto policy = load_policy(session, file);
  const auto resolved = resolve_image(session, text);
  const auto name = image_name(resolved);
  const auto verdict = check_policy(session, resolved, policy);
  Json rules = Json::array(), ignored = Json::array();
  for (const auto& one : verdict.rulings) {
    rules.push_back(
        {{"rule", one.rule}, {"passed", one.passed}, {"reason", printable(one.reason)}});
    if (!session.options().json)
      session.environment().out << cat(
          one.passed ? "passed  " : "failed  ", one.rule, ": ", printable(one.reason), "\n");
  }
  for (const auto& one : verdict.ignored) {
    ignored.push_back({{"carrier", one.carrier.str()},
                       {"type", printable(one.type)},
                       {"problem", printable(one.problem)}});
    if (!session.options().json)
      session.environment().out << cat(
          "ignored ", one.carrier, " ", printable(one.type), ": ", printable(one.problem), "\n");
  }
  const auto failed = verdict.failed();
  if (session.options().json)
    session.print({{"reference", resolved.reference.str()},
                   {"digest", resolved.manifest.digest.str()},
                   {"policy", file},
                   {"passed", failed == 0},
                   {"rules", std::move(rules)},
                   {"ignored", std::move(ignored)}});
  if (failed == 0)
    return 0;
  Error error(Kind::refused,
              cat(name,
                  " fails ",
                  failed,
                  " of the ",
                  verdict.rulings.size(),
                  " rules of ",
                  printable(file)));
  for (const auto& one : verdict.rulings)
    if (!one.passed)
      error.detail(cat(one.rule, ": ", one.reason));
  throw std::move(error);
}

/// What was asked of an image, and the keys to ask it with.
struct Demands {
  const VerifyOptions& options;
  const trust::PublicKey& key;
  std::vector<trust::PublicKey> builders;
};

/// Adds to `record` what it finds, and returns that in a line; throws Kind::refused where it is not
/// what was demanded.
std::string verified(Session& session, const Demands& demands, Json& record) {
  const auto& options = demands.options;
  auto resolved = resolve_image(session, options.reference);
  const auto name = image_name(resolved);
  record["reference"] = resolved.reference.str();
  record["digest"] = resolved.manifest.digest.str();
  const auto signatures = demand_signed(resolved, demands.key);
  record["signatures"] = Json::array();
  for (const auto& found : signatures.found)
    if (found.valid)
      record["signatures"].push_back(found.format);
  auto& rebuilt = record["rebuilders"] = Json::array();
  if (options.rebuilders > 0)
    rebuilt = demand_rebuilt(session, resolved, demands.builders, options);
  const auto content = image::validate(*resolved.repository, resolved.manifest, session.cancel());
  if (!content.problems.empty()) {
    Error error(Kind::refused, cat("the content of ", name, " is not what its manifest says"));
    for (const auto& problem : content.problems)
      error.detail(problem);
    error.hint("what a place has lost, `cullet push IMAGE PLACE --force` puts back");
    throw std::move(error);
  }
  record["bytes"] = content.bytes;
  return cat("verified ",
             name,
             ": signed by this key, ",
             human_size(content.bytes),
             " match their digests",
             rebuilt.empty() ? "" : cat(", reproduced by ", rebuilt.size()));
}

int verify(Session& session, const VerifyOptions& options) {
  if ((options.rebuilders == 0) != options.rebuilder_keys.empty())
    throw Error(Kind::usage, "--rebuilders and --rebuilder-key go together")
        .hint("such as --rebuilders 2 --rebuilder-key one.pub --rebuilder-key two.pub");
  const auto key = session.public_key(options.keys.release);
  Demands demands{options, key, {key}};
  // A key that is named is read, whatever it is needed for.
  if (options.rebuilders > 0 || !options.keys.statements.empty())
    if (auto builder = builder_key(session, options.keys))
      demands.builders.push_back(std::move(*builder));
  Json record{{"reference", printable(options.reference)}, {"digest", nullptr}, {"verified", true}};
  try {
    const auto line = verified(session, demands, record);
    if (session.options().json)
      session.print(record);
    else
      session.environment().out << line << '\n';
  } catch (const Error& error) {
    if (session.options().json && error.kind() == Kind::refused) {
      record["verified"] = false;
      record["reason"] = printable(error.message());
      record["details"] = escaped(error.details());
      session.print(record);
    }
    throw;
  }
  return 0;
}

}  // namespace

void register_verify(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<VerifyOptions>();
  auto* command =
      add_command(app,
                  "verify",
                  "check an image's signature and every byte of it, or all that a policy asks",
                  "cullet verify registry.example.com/nginx:1.22.1 --key release.pub\n"
                  "  cullet verify nginx --policy production.yaml");
  command->add_option("ref", options->reference, kReference)->required();
  add_key_options(*command, options->keys);
  command
      ->add_option("--rebuilders",
                   options->rebuilders,
                   "demand that so many others have reproduced it (`cullet reproduce --sign`)")
      ->type_name("N");
  command
      ->add_option("--rebuilder-key",
                   options->rebuilder_keys,
                   "the public key of a rebuilder to believe; again for more")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--policy",
                   options->policy,
                   "a file of rules, and of the keys and rebuilders to believe; `cullet schema "
                   "policy`")
      ->type_name("FILE")
      ->excludes("--key")
      ->excludes("--attest-key")
      ->excludes("--rebuilders")
      ->excludes("--rebuilder-key");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) {
      return options->policy.empty() ? verify(session, *options)
                                     : verify_policy(session, options->reference, options->policy);
    };
  });
}

}  // namespace cullet::cli
