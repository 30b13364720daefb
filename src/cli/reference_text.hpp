// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace cullet::cli {

/// What is generated from the command table itself, so that it can't fall behind it.

/// A completion script for "bash", "zsh" or "fish": commands, subcommands, options, and recipes'
/// and forks' names from the workspace.
std::string completion(const CLI::App& app, const std::string& shell);

/// The manual page cullet(1), in man(7) form.
std::string manual(const CLI::App& app);

}  // namespace cullet::cli
