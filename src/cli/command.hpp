// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "session.hpp"

namespace CLI {
class App;
}

namespace cullet::cli {

/// What a command does once its arguments are parsed; returns the exit status.
using Action = std::function<int(Session&)>;

/// Adds a command to the application: describes its arguments, and sets `chosen` when it is the one
/// on the command line. One function per file of src/cli/commands.
using Register = void (*)(CLI::App& app, Action& chosen);

void register_affected(CLI::App& app, Action& chosen);
void register_attestations(CLI::App& app, Action& chosen);
void register_build(CLI::App& app, Action& chosen);
void register_cat(CLI::App& app, Action& chosen);
void register_completion(CLI::App& app, Action& chosen);
void register_diff(CLI::App& app, Action& chosen);
void register_explain(CLI::App& app, Action& chosen);
void register_fork(CLI::App& app, Action& chosen);
void register_init(CLI::App& app, Action& chosen);
void register_inputs(CLI::App& app, Action& chosen);
void register_key(CLI::App& app, Action& chosen);
void register_lock(CLI::App& app, Action& chosen);
void register_ls(CLI::App& app, Action& chosen);
void register_man(CLI::App& app, Action& chosen);
void register_patch(CLI::App& app, Action& chosen);
void register_plan(CLI::App& app, Action& chosen);
void register_push(CLI::App& app, Action& chosen);
void register_reproduce(CLI::App& app, Action& chosen);
void register_schema(CLI::App& app, Action& chosen);
void register_shell(CLI::App& app, Action& chosen);
void register_sign(CLI::App& app, Action& chosen);
void register_store(CLI::App& app, Action& chosen);
void register_upstream(CLI::App& app, Action& chosen);
void register_verify(CLI::App& app, Action& chosen);

/// Makes a subcommand with its help text and an example; the caller adds its arguments.
CLI::App* add_command(CLI::App& app,
                      const std::string& name,
                      const std::string& summary,
                      const std::string& example);

}  // namespace cullet::cli
