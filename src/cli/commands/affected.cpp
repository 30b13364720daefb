// SPDX-License-Identifier: Apache-2.0
#include "cullet/plan/affected.hpp"

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "../command.hpp"

namespace cullet::cli {

namespace {

using Entries = std::vector<plan::Affected::Entry>;

Json records(const Entries& entries) {
  Json out = Json::array();
  for (const auto& entry : entries)
    out.push_back({{"recipe", entry.recipe->name}, {"path", entry.path}});
  return out;
}

void print(std::ostream& out, std::string_view what, const Entries& entries) {
  for (const auto& entry : entries)
    out << cat(what, "  ", entry.recipe->name, ": ", printable(join(entry.path, " → "))) << '\n';
}

int show_affected(Session& session, const std::string& name) {
  const auto found = plan::affected(session.workspace(), session.lock(), name);
  if (session.options().json) {
    session.print({{"kind", plan::name(found.what)},
                   {"name", found.name},
                   {"components", records(found.components)},
                   {"images", records(found.images)}});
    return 0;
  }
  auto& out = session.environment().out;
  print(out, "component", found.components);
  print(out, "image", found.images);
  if (found.components.empty() && found.images.empty())
    out << cat(plan::name(found.what), " ", printable(found.name), " is in no component or image")
        << '\n';
  return 0;
}

}  // namespace

void register_affected(CLI::App& app, Action& chosen) {
  auto name = std::make_shared<std::string>();
  auto* command = add_command(app,
                              "affected",
                              "show which components and images hold something, and through what",
                              "cullet affected CVE-2023-45853");
  command
      ->add_option("name",
                   *name,
                   "a fork, an advisory that a patch fixes, or a package; fork:, advisory: or "
                   "package: in front says which")
      ->required();
  command->callback([name, &chosen] {
    chosen = [name](Session& session) { return show_affected(session, *name); };
  });
}

}  // namespace cullet::cli
