// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/signature.hpp"

#include "../command.hpp"
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
  auto* command = add_command(app,
                              "verify",
                              "check an image's signature and every byte of it",
                              "cullet verify registry.example.com/nginx:1.22.1 --key release.pub");
  command->add_option("ref", *text, "a recipe's image, or HOST/NAME:TAG, or oci:PATH:TAG")
      ->required();
  command->add_option("--key", *key, "the public key [beside the signing key of cullet.yaml]")
      ->type_name("FILE");
  command->callback([text, key, &chosen] {
    chosen = [text, key](Session& session) { return verify(session, *text, *key); };
  });
}

}  // namespace cullet::cli
