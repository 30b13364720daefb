// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/signature.hpp"

#include "../command.hpp"
#include "../policy_check.hpp"
#include "../resolve.hpp"

namespace cullet::cli {

namespace {

void demand(const trust::SignatureReport& signatures, const std::string& name) {
  if (signatures.ok())
    return;
  if (signatures.found.empty())
    throw Error(Kind::refused, cat(name, " is not signed"))
        .hint("sign it with `cullet sign`, if it is yours");
  Error error(Kind::refused, cat("no signature of ", name, " is by this key"));
  for (const auto& found : signatures.found)
    error.detail(cat(found.format, " in ", found.carrier, ": ", found.problem));
  throw std::move(error);
}

/// Lists every rule, and throws Kind::refused where one failed.
int verify_policy(Session& session, const std::string& text, const std::string& file) {
  const auto policy = load_policy(session, file);
  const auto resolved = resolve_image(session, text);
  const auto name = cat(resolved.repository->name(), "@", resolved.manifest.digest);
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

int verify(Session& session, const std::string& text, const std::string& key_file) {
  const auto key = session.public_key(key_file);
  const auto resolved = resolve_image(session, text);
  const auto name = cat(resolved.repository->name(), "@", resolved.manifest.digest);
  const auto signatures = trust::verify(*resolved.repository, resolved.manifest, key);
  demand(signatures, name);
  const auto content = image::validate(*resolved.repository, resolved.manifest, session.cancel());
  if (!content.problems.empty()) {
    Error error(Kind::refused, cat("the content of ", name, " is not what its manifest says"));
    for (const auto& problem : content.problems)
      error.detail(problem);
    throw std::move(error);
  }
  if (session.options().json) {
    Json formats = Json::array();
    for (const auto& found : signatures.found)
      if (found.valid)
        formats.push_back(found.format);
    session.print({{"reference", resolved.reference.str()},
                   {"digest", resolved.manifest.digest.str()},
                   {"signatures", formats},
                   {"bytes", content.bytes}});
  } else {
    session.environment().out << cat("verified ",
                                     name,
                                     ": signed by this key, ",
                                     human_size(content.bytes),
                                     " match their digests")
                              << '\n';
  }
  return 0;
}

}  // namespace

void register_verify(CLI::App& app, Action& chosen) {
  auto text = std::make_shared<std::string>();
  auto key = std::make_shared<std::string>();
  auto policy = std::make_shared<std::string>();
  auto* command =
      add_command(app,
                  "verify",
                  "check an image's signature and every byte of it, or all that a policy asks",
                  "cullet verify registry.example.com/nginx:1.22.1 --key release.pub\n"
                  "  cullet verify nginx --policy production.yaml");
  command->add_option("ref", *text, "a recipe's image, or HOST/NAME:TAG, or oci:PATH:TAG")
      ->required();
  command->add_option("--key", *key, "the public key [beside the signing key of cullet.yaml]")
      ->type_name("FILE");
  command
      ->add_option("--policy",
                   *policy,
                   "a file of rules, and of the keys to believe; `cullet schema policy`")
      ->type_name("FILE")
      ->excludes("--key");
  command->callback([text, key, policy, &chosen] {
    chosen = [text, key, policy](Session& session) {
      return policy->empty() ? verify(session, *text, *key)
                             : verify_policy(session, *text, *policy);
    };
  });
}

}  // namespace cullet::cli
