// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "../command.hpp"
#include "../image_difference.hpp"
#include "../statement_keys.hpp"

namespace cullet::cli {

namespace {

struct DiffOptions {
  std::string before, after;
  std::vector<std::string> keys;
  bool inside = false;
};

int diff(Session& session, const DiffOptions& options) {
  const auto difference = compare_images(session,
                                         resolve_image(session, options.before),
                                         resolve_image(session, options.after),
                                         options.keys,
                                         options.inside);
  if (session.options().json) {
    session.print(difference.to_json());
  } else {
    session.environment().out << difference.text();
    for (const auto& note : difference.notes)
      session.environment().err << "note: " << printable(note) << '\n';
    for (const auto& note : difference.compared.notes)
      session.environment().err << "note: " << printable(note) << '\n';
  }
  return difference.differs() ? exit_status(Kind::refused) : 0;
}

}  // namespace

void register_diff(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<DiffOptions>();
  auto* command = add_command(app,
                              "diff",
                              "what differs between two images, and why; 3 if a container would "
                              "see or do anything else",
                              "cullet diff nginx:1.22.0 nginx:1.22.1\n"
                              "  cullet diff nginx other.example.com/nginx:1.22.1 --inside");
  command->add_option("before", options->before, kReference)->required();
  command->add_option("after", options->after, "another")->required();
  add_key_option(*command, options->keys);
  command->add_flag("--inside",
                    options->inside,
                    "look into files that differ, and say what most likely makes them differ");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return diff(session, *options); };
  });
}

}  // namespace cullet::cli
