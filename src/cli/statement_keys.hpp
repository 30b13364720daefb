// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/trust/key.hpp"

#include "session.hpp"

namespace CLI {
class App;
}

namespace cullet::cli {

/// Adds --key, which names the public keys that statements are believed by, to a command.
void add_key_option(CLI::App& command, std::vector<std::string>& files);

/// The public keys that statements are believed by: the files named with --key, else the one that
/// the workspace attests with. Throws Kind::input where there is neither.
std::vector<trust::PublicKey> statement_keys(Session& session,
                                             const std::vector<std::string>& files);

}  // namespace cullet::cli
