// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/trust/signature.hpp"

#include "../command.hpp"
#include "../edits.hpp"
#include "../resolve.hpp"

namespace cullet::cli {

namespace {

int sign(Session& session, const std::string& text, const std::string& key_file) {
  const auto resolved = resolve_image(session, text);
  refuse_edits(*resolved.repository, resolved.manifest, "sign");
  const auto key = session.private_key(key_file);
  auto named = resolved.reference;
  named.digest.reset();
  const bool added = trust::sign(*resolved.repository, resolved.manifest, key, named.str());
  if (session.options().json)
    session.print({{"reference", resolved.reference.str()},
                   {"digest", resolved.manifest.digest.str()},
                   {"added", added}});
  else
    session.environment().out << cat(added ? "signed " : "already signed: ", image_name(resolved))
                              << '\n';
  return 0;
}

}  // namespace

void register_sign(CLI::App& app, Action& chosen) {
  auto text = std::make_shared<std::string>();
  auto key = std::make_shared<std::string>();
  auto* command = add_command(app,
                              "sign",
                              "sign an image that is in a registry",
                              "cullet sign registry.example.com/nginx:1.22.1 --key release.pem");
  command->add_option("ref", *text, kReference)->required();
  command->add_option("--key", *key, "the private key [signing key of cullet.yaml]")
      ->type_name("FILE");
  command->callback([text, key, &chosen] {
    chosen = [text, key](Session& session) { return sign(session, *text, *key); };
  });
}

}  // namespace cullet::cli
