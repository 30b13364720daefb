// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "../command.hpp"

namespace cullet::cli {

namespace {

std::filesystem::path public_half(std::filesystem::path path) {
  return path.replace_extension(".pub");
}

bool is_there(const std::filesystem::path& path) {
  return std::filesystem::exists(path) || std::filesystem::exists(public_half(path));
}

/// The file that was named, or those keys of the workspace that aren't there yet.
std::vector<std::filesystem::path> files_to_make(Session& session, const std::string& file) {
  std::vector<std::filesystem::path> wanted{session.directory() / file};
  if (file.empty()) {
    const auto& config = session.workspace().config;
    if (config.signing_key.empty())
      throw Error(Kind::input, "no key is named: cullet.yaml has no `signing: { key: … }`")
          .hint("name the file: `cullet key new keys/release.pem`");
    wanted = {session.workspace().root / config.signing_key,
              session.workspace().root / config.attestation_key};
  }
  std::vector<std::filesystem::path> missing;
  for (const auto& path : wanted)
    if (!is_there(path))
      missing.push_back(path);
  if (missing.empty())
    throw Error(Kind::input, cat(wanted.front().string(), " is there already"))
        .hint("a key is never overwritten: move it away first, or name another file");
  return missing;
}

int new_key(Session& session, const std::string& file) {
  const auto paths = files_to_make(session, file);
  const auto passphrase = session.passphrase(
      paths.size() > 1 ? "passphrase for the new keys" : "passphrase for the new key", true);
  Json made = Json::array();
  for (const auto& path : paths) {
    const auto key = trust::PrivateKey::generate();
    make_directories(path.parent_path());
    replace_file(path, key.encrypted_pem(passphrase), 0600);
    replace_file(public_half(path), key.public_key().pem());
    made.push_back({{"private", path.string()},
                    {"public", public_half(path).string()},
                    {"hint", key.public_key().hint()}});
    if (!session.options().json)
      session.environment().out << public_half(path).string() << '\n';
  }
  if (session.options().json)
    session.print({{"keys", made}});
  return 0;
}

}  // namespace

void register_key(CLI::App& app, Action& chosen) {
  auto file = std::make_shared<std::string>();
  auto* command = add_command(app, "key", "make signing keys", "cullet key new");
  command->require_subcommand(1);
  auto* create = add_command(*command,
                             "new",
                             "make ECDSA P-256 key pairs: FILE (encrypted) and its .pub",
                             "cullet key new\n  cullet key new keys/other.pem");
  create->add_option("file", *file, "the private key's file [both keys of cullet.yaml]")
      ->type_name("FILE");
  create->callback(
      [file, &chosen] { chosen = [file](Session& session) { return new_key(session, *file); }; });
}

}  // namespace cullet::cli
