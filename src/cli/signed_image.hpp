// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cullet/trust/key.hpp"
#include "cullet/trust/signature.hpp"

#include "resolve.hpp"
#include "session.hpp"

namespace CLI {
class App;
}

namespace cullet::cli {

/// Public keys that an image is believed by, as the command line names them; empty: not named.
struct ImageKeys {
  std::string release;     ///< file of --key
  std::string statements;  ///< file of --attest-key
};

/// Adds --key and --attest-key to a command.
void add_key_options(CLI::App& command, ImageKeys& keys);

/// The signatures of an image; throws Kind::refused where none is by `key`, saying why not.
trust::SignatureReport demand_signed(ResolvedImage& image, const trust::PublicKey& key);

/// The key that the builder of images signed with a release key makes statements with: the file
/// that the user names, else attest.pub beside that of the release, else the workspace's where the
/// release key is; nullopt: it is not known.
std::optional<trust::PublicKey> builder_key(Session& session, const ImageKeys& keys);

}  // namespace cullet::cli
