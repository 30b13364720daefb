// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/json.hpp"
#include "cullet/build/build.hpp"
#include "cullet/build/kept_inputs.hpp"
#include "cullet/cli/cli.hpp"
#include "cullet/environment/lock.hpp"
#include "cullet/http/client.hpp"
#include "cullet/registry/remote.hpp"
#include "cullet/store/store.hpp"
#include "cullet/trust/key.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::cli {

constexpr std::uint64_t kMaxKeyBytes = 64U << 10U;  ///< of a key's file

/// Options that every command takes.
struct GlobalOptions {
  std::string directory;  ///< -C
  std::string store;      ///< --store
  bool json = false;
  bool offline = false;
  bool plain_http = false;
  unsigned jobs = 0;  ///< 0: as many as processors
};

inline constexpr std::string_view kNameKey = "name another with --key FILE";

/// Where the public key of a private key's file is: NAME.pub beside it.
std::filesystem::path public_half(std::filesystem::path path);

/// What commands work with, each part made when it is first asked for.
class Session {
 public:
  Session(Environment& environment, const GlobalOptions& options)
      : environment_(environment), options_(options) {}

  Environment& environment() { return environment_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] const GlobalOptions& options() const { return options_; }
  const Cancel& cancel() { return environment_.cancel; }
  [[nodiscard]] unsigned jobs() const;
  [[nodiscard]] std::filesystem::path directory() const;

  const workspace::Workspace& workspace();  ///< what its files say: a recipe's fork may be missing
  const environment::Lock& lock();  ///< for what plans: all that the files refer to is there, then
  store::Store& store();
  http::Client& http();
  /// Debian mirrors: the workspace's, else those of the machine's apt configuration.
  const std::vector<std::string>& mirrors();
  build::Context build_context(build::Observer& observer);

  /// Opens a repository named by a user ("oci:PATH" is relative to the directory).
  std::unique_ptr<image::Repository> repository(const registry::Reference& reference, bool create);
  /// Throws what a push there would end with: no answer, no login, no permission. One try of a few
  /// seconds.
  void check_writable(const registry::Reference& reference);
  registry::RemoteOptions remote_options();
  /// The workspace's repository of inputs (cullet.yaml, `inputs`); null where it names none, for a
  /// registry with --offline, and, unless `create`, for a layout that isn't there (yet).
  std::unique_ptr<image::Repository> shared_inputs(bool create);
  /// Where the workspace's images go: registry of cullet.yaml / recipe.
  registry::Reference home(const std::string& recipe);
  /// Parses a reference and makes a layout's path absolute. A bare name of a recipe stands for its
  /// image at home, if there is a workspace.
  registry::Reference reference(const std::string& text);
  /// As reference(), of where an image is to go: throws Kind::usage for one with a digest, which
  /// nothing can be put under but what has it.
  registry::Reference destination(const std::string& text);

  /// The signing key of the workspace, or the file named by the user. Where the workspace's isn't
  /// there, the error says `otherwise`: what can be done but making it.
  trust::PublicKey public_key(const std::string& file, std::string_view otherwise = kNameKey);
  trust::PrivateKey private_key(const std::string& file, std::string_view otherwise = kNameKey);
  /// The workspace's key for attestations; nullopt where it has none (yet): they are left out then,
  /// because the release key must not sign them (Config::attestation_key). Throws Kind::input
  /// where it is the release key under another name.
  std::optional<trust::PublicKey> attestation_public_key();
  trust::PrivateKey attestation_private_key();
  /// Whether the workspace's private keys are on this machine.
  bool has_private_key();
  bool has_attestation_private_key();
  /// Whether a passphrase is at hand, so that nobody has to be asked.
  [[nodiscard]] bool passphrase_given() const;
  /// From --passphrase-fd, $CULLET_PASSPHRASE or a prompt on the terminal. `confirm` asks twice.
  /// The descriptor is read once: its line is the passphrase of every key.
  std::string passphrase(const std::string& what, bool confirm);
  int passphrase_fd = -1;
  std::vector<std::string> arguments;  ///< of the command line, as they were given

  /// Prints the one record of --json.
  void print(const Json& record);

 private:
  /// A path as the user wrote it; throws Kind::machine where it needs a directory that is gone.
  [[nodiscard]] std::filesystem::path from_here(const std::filesystem::path& path) const;
  trust::PrivateKey parse_private_key(const std::string& pem, const std::filesystem::path& path);
  /// The file that cullet.yaml names; throws Kind::input where it names none.
  std::filesystem::path signing_key(std::string_view otherwise);

  Environment& environment_;
  const GlobalOptions& options_;
  std::shared_ptr<const workspace::Workspace> workspace_;
  std::optional<environment::Lock> lock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<build::KeptInputs> kept_;
  std::optional<std::vector<std::string>> mirrors_;
  std::optional<std::string> given_passphrase_;  ///< what --passphrase-fd said
};

}  // namespace cullet::cli
