// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "cullet/base/claimed_directory.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "../command.hpp"

namespace cullet::cli {

namespace {

Error is_there_error(const std::filesystem::path& path) {
  return Error(Kind::input, cat(path.string(), " is there already"))
      .hint("a key is never overwritten: move it away first, or name another file");
}

/// Gives a file a name that nothing has yet; it loses its own where the file system has no hard
/// links.
void put(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0)
    return;
  if ((errno == EPERM || errno == EOPNOTSUPP) &&
      ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return;
  if (errno == EEXIST)
    throw is_there_error(to);
  throw system_error(cat("cannot create ", to.string()), errno);
}

/// Both halves, whole and durable, or neither; the private one alone after kill -9, which the next
/// `key new` completes. What is there is never replaced, even where it has come since
/// files_to_make() looked: a passphrase takes its time.
trust::PrivateKey write_pair(const std::filesystem::path& path, const std::string& passphrase) {
  const auto key = trust::PrivateKey::generate();
  const auto directory = path.parent_path();
  make_directories(directory);
  const ClaimedDirectory aside(directory, ".cullet-key");
  const auto secret = aside.path() / "private", shown = aside.path() / "public";
  replace_file(secret, key.encrypted_pem(passphrase), 0600);
  replace_file(shown, key.public_key().pem());
  put(secret, path);
  try {
    put(shown, public_half(path));
  } catch (const Error&) {
    // Another `key new` may just have completed this pair.
    if (find_file(public_half(path), kMaxKeyBytes) != key.public_key().pem()) {
      ::unlink(path.c_str());
      throw;
    }
  }
  sync_directory(directory);
  return key;
}

/// Puts the public half beside a private one that lacks it.
trust::PrivateKey complete_pair(const std::filesystem::path& path, const std::string& passphrase) {
  const auto key = trust::PrivateKey::parse(
      read_file(path, kMaxKeyBytes), [&] { return passphrase; }, path.string());
  const ClaimedDirectory aside(path.parent_path(), ".cullet-key");
  const auto shown = aside.path() / "public";
  replace_file(shown, key.public_key().pem());
  put(shown, public_half(path));
  sync_directory(path.parent_path());
  return key;
}

/// The file that was named, or those keys of the workspace that aren't there yet; of a pair that a
/// kill cut short, the private half is.
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
  for (const auto& path : wanted)
    if (public_half(path) == path)
      throw Error(file.empty() ? Kind::input : Kind::usage,
                  cat(path.string(), " can't be a private key's file: .pub is the public half's"))
          .hint(cat("name it ", path.stem().string(), ".pem"));
  std::vector<std::filesystem::path> missing;
  for (const auto& path : wanted)
    if (!is_there(public_half(path)))
      missing.push_back(path);
  if (missing.empty())
    throw is_there_error(wanted.front());
  return missing;
}

int new_key(Session& session, const std::string& file) {
  const auto paths = files_to_make(session, file);
  const auto passphrase = session.passphrase(
      paths.size() > 1 ? "passphrase for the new keys" : "passphrase for the new key", true);
  Json made = Json::array();
  for (const auto& path : paths) {
    const bool half = is_there(path) && !is_there(public_half(path));
    const auto key = half ? complete_pair(path, passphrase) : write_pair(path, passphrase);
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
