// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "../command.hpp"

namespace cullet::cli {

namespace {

int new_key(Session& session, const std::string& file) {
  const auto path = file.empty() ? session.workspace().root / session.workspace().config.signing_key
                                 : session.directory() / file;
  auto public_path = path;
  public_path.replace_extension(".pub");
  for (const auto& existing : {path, public_path})
    if (std::filesystem::exists(existing))
      throw Error(Kind::input, cat(existing.string(), " is there already"))
          .hint("a key is never overwritten: move it away first, or name another file");
  const auto passphrase = session.passphrase("passphrase for the new key", true);
  const auto key = trust::PrivateKey::generate();
  make_directories(path.parent_path());
  replace_file(path, key.encrypted_pem(passphrase), 0600);
  replace_file(public_path, key.public_key().pem());
  if (session.options().json)
    session.print({{"private", path.string()},
                   {"public", public_path.string()},
                   {"hint", key.public_key().hint()}});
  else
    session.environment().out << public_path.string() << '\n';
  return 0;
}

}  // namespace

void register_key(CLI::App& app, Action& chosen) {
  auto file = std::make_shared<std::string>();
  auto* command = add_command(app, "key", "make signing keys", "cullet key new keys/release.pem");
  command->require_subcommand(1);
  auto* create = add_command(*command,
                             "new",
                             "make an ECDSA P-256 key pair: FILE (encrypted) and its .pub",
                             "cullet key new keys/release.pem");
  create->add_option("file", *file, "the private key's file [signing key of cullet.yaml]")
      ->type_name("FILE");
  create->callback(
      [file, &chosen] { chosen = [file](Session& session) { return new_key(session, *file); }; });
}

}  // namespace cullet::cli
