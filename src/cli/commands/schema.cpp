// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "../command.hpp"

namespace cullet::cli {

void register_schema(CLI::App& app, Action& chosen) {
  auto kind = std::make_shared<std::string>();
  auto* command = add_command(app,
                              "schema",
                              "print the JSON Schema of a file kind, for editors",
                              "cullet schema recipe > recipe.schema.json");
  command->add_option("kind", *kind, "cullet, fork, policy or recipe")
      ->required()
      ->check(CLI::IsMember({"cullet", "fork", "policy", "recipe"}));
  command->callback([kind, &chosen] {
    chosen = [kind](Session& session) {
      session.environment().out << workspace::schema(*kind);
      return 0;
    };
  });
}

}  // namespace cullet::cli
