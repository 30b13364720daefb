// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "../command.hpp"
#include "../reference_text.hpp"

namespace cullet::cli {

void register_completion(CLI::App& app, Action& chosen) {
  auto shell = std::make_shared<std::string>();
  auto* command = add_command(app,
                              "completion",
                              "print a completion script for a shell",
                              "source <(cullet completion bash)");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &chosen] {
    // Made now: the application is gone when the action runs in another scope.
    chosen = [text = completion(app, *shell)](Session& session) {
      session.environment().out << text;
      return 0;
    };
  });
}

}  // namespace cullet::cli
