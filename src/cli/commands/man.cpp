// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "../command.hpp"
#include "../reference_text.hpp"

namespace cullet::cli {

void register_man(CLI::App& app, Action& chosen) {
  auto* command = add_command(app, "man", "print the manual page", "cullet man | man -l -");
  command->callback([&app, &chosen] {
    // Made now: the application is gone when the action runs in another scope.
    chosen = [text = manual(app)](Session& session) {
      session.environment().out << text;
      return 0;
    };
  });
}

}  // namespace cullet::cli
