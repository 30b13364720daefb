// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/mirrors.hpp"

#include "../command.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kShownProblems = 20;
constexpr std::int64_t kDay = 24 * 60 * 60;

int check(Session& session, bool repair) {
  const auto report = session.store().check(session.jobs(), session.cancel());
  std::optional<Error> not_repaired;
  try {
    if (repair)
      session.store().discard_damaged(report);
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted)
      throw;
    // What was found is worth having all the more.
    not_repaired = error;
  }
  if (session.options().json)
    session.print({{"blobs", report.blobs},
                   {"trees", report.trees},
                   {"actions", report.actions},
                   {"problems", report.problems}});
  if (!report.problems.empty()) {
    Error error(not_repaired ? not_repaired->kind() : Kind::refused,
                cat("the store at ",
                    session.store().root().string(),
                    " has ",
                    report.problems.size(),
                    " problems"));
    const auto shown = std::min(report.problems.size(), kShownProblems);
    for (std::size_t index = 0; index < shown; ++index)
      error.detail(report.problems[index]);
    if (shown < report.problems.size())
      error.detail("… (--json lists all)");
    if (not_repaired)
      error.detail(cat("not all of it could be removed: ", not_repaired->message()));
    error.hint(not_repaired ? "remove the reason, and run `cullet store check --repair` again"
               : repair
                   ? "what was damaged is gone: the next build makes it again"
                   : "`cullet store check --repair` removes it, and the next build makes it again");
    throw std::move(error);
  }
  if (not_repaired)
    throw *not_repaired;
  if (!session.options().json)
    session.environment().out << cat("the store is right: ",
                                     report.blobs,
                                     " blobs, ",
                                     report.trees,
                                     " trees, ",
                                     report.actions,
                                     " actions")
                              << '\n';
  return 0;
}

int usage(Session& session) {
  const auto usage = session.store().usage(session.cancel());
  const auto mirrors = store::mirror_usage(session.store(), session.cancel());
  if (session.options().json)
    session.print({{"blobs", usage.blobs},
                   {"blob_bytes", usage.blob_bytes},
                   {"trees", usage.trees},
                   {"tree_bytes", usage.tree_bytes},
                   {"actions", usage.actions},
                   {"mirrors", mirrors.mirrors},
                   {"mirror_bytes", mirrors.bytes},
                   {"temporary_bytes", usage.temporary_bytes}});
  else
    session.environment().out << cat("blobs    ",
                                     usage.blobs,
                                     ", ",
                                     human_size(usage.blob_bytes),
                                     "\ntrees    ",
                                     usage.trees,
                                     ", ",
                                     human_size(usage.tree_bytes),
                                     "\nactions  ",
                                     usage.actions,
                                     "\nmirrors  ",
                                     mirrors.mirrors,
                                     ", ",
                                     human_size(mirrors.bytes),
                                     "\nin work  ",
                                     human_size(usage.temporary_bytes))
                              << '\n';
  return 0;
}

int collect(Session& session, unsigned days, bool mirrors) {
  const auto before = session.environment().now() - kDay * static_cast<std::int64_t>(days);
  const auto report = session.store().collect(
      before, session.cancel(), mirrors ? store::Store::Mirrors::too : store::Store::Mirrors::stay);
  if (session.options().json)
    session.print({{"removed_blobs", report.removed_blobs},
                   {"removed_trees", report.removed_trees},
                   {"removed_actions", report.removed_actions},
                   {"freed_bytes", report.freed_bytes}});
  else
    session.environment().out << cat("freed ",
                                     human_size(report.freed_bytes),
                                     ": ",
                                     report.removed_blobs,
                                     " blobs, ",
                                     report.removed_trees,
                                     " trees, ",
                                     report.removed_actions,
                                     " actions")
                              << '\n';
  return 0;
}

}  // namespace

void register_store(CLI::App& app, Action& chosen) {
  auto* command = add_command(
      app, "store", "look after the store on this machine", "cullet store gc --older-than 14");
  command->require_subcommand(1);
  auto repair = std::make_shared<bool>(false);
  auto* check_command = add_command(*command,
                                    "check",
                                    "rehash everything and check every reference",
                                    "cullet store check --repair");
  check_command->add_flag("--repair", *repair, "remove what is damaged");
  check_command->callback([repair, &chosen] {
    chosen = [repair](Session& session) { return check(session, *repair); };
  });
  add_command(*command, "usage", "what the store holds", "cullet store usage")->callback([&chosen] {
    chosen = usage;
  });
  auto days = std::make_shared<unsigned>(30);
  auto* gc = add_command(
      *command, "gc", "remove what was not used for a while", "cullet store gc --older-than 14");
  gc->add_option("--older-than", *days, "days since a result was last used")
      ->type_name("DAYS")
      ->capture_default_str();
  auto mirrors = std::make_shared<bool>(false);
  gc->add_flag("--mirrors",
               *mirrors,
               "forks' mirrors, too, that nothing has read for as long: they are fetched again, if "
               "upstream still has what they held");
  gc->callback([days, mirrors, &chosen] {
    chosen = [days, mirrors](Session& session) { return collect(session, *days, *mirrors); };
  });
}

}  // namespace cullet::cli
