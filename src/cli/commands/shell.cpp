// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/component.hpp"

#include "../command.hpp"
#include "../progress_view.hpp"

namespace cullet::cli {

namespace {

constexpr std::uint64_t kMaxRoom = 1U << 20U;

struct ShellOptions {
  std::string recipe;
  bool failed = false;
  std::vector<std::string> command;
};

/// The recipes whose steps made what is in an image that has none of its own.
std::string makers_of(const workspace::Recipe& recipe) {
  std::set<std::string> names;
  if (recipe.image)
    for (const auto& content : recipe.image->contents)
      if (const auto* ref = std::get_if<workspace::OutputRef>(&content))
        names.insert(ref->recipe);
  return join({names.begin(), names.end()}, ", ");
}

/// A room as steps find it: built as far as needed, changes thrown away afterwards.
build::StepRoom fresh_room(Session& session,
                           const ShellOptions& options,
                           const std::filesystem::path& work) {
  const auto& workspace = session.workspace();
  auto plan = build::make_plan(workspace, session.lock(), {options.recipe});
  const auto component = plan.targets.at(0).component;
  if (!component) {
    const auto makers = makers_of(*plan.targets.at(0).recipe);
    throw Error(Kind::input, cat("'", options.recipe, "' has no steps to open a shell for"))
        .hint(cat("name a recipe with steps",
                  makers.empty() ? "" : ", of which this image is made: ",
                  makers));
  }
  ProgressView view(session.environment());
  // Everything below the component, but not the component itself.
  plan::Plan below;
  below.nodes.assign(plan.nodes.begin(), plan.nodes.begin() + static_cast<long>(*component));
  build::run(session.build_context(view), below);
  return build::component_room(session.build_context(view), below, plan.nodes[*component], work);
}

build::StepRoom failed_room(Session& session, const ShellOptions& options) {
  const auto kept = build::failed_room(session.store(), session.workspace(), options.recipe);
  const auto text = find_file(kept / "room.json", kMaxRoom);
  if (!text)
    throw Error(Kind::input, cat("no failed build of '", options.recipe, "' is kept"))
        .hint(cat("`cullet shell ", options.recipe, "` opens a shell where its steps start"));
  auto room = build::StepRoom::from_json(parse_json(*text, "room.json"));
  room.work = kept / "source";
  room.out = kept / "out";
  return room;
}

/// The command word by word: CLI11 takes one in brackets, as `[ -e x ]`, for a list.
std::vector<std::string> command_of(const Session& session, const ShellOptions& options) {
  const auto& given = session.arguments;
  auto dashes = std::find(given.begin(), given.end(), "--");
  if (options.command.empty() || dashes == given.end())
    return options.command;
  if (std::find(given.begin(), dashes, options.recipe) == dashes)
    ++dashes;  // the recipe comes behind them, too
  return {dashes + 1, given.end()};
}

int shell(Session& session, const ShellOptions& options) {
  const auto work = session.store().work_directory();
  auto room =
      options.failed ? failed_room(session, options) : fresh_room(session, options, work.root());
  auto command = command_of(session, options);
  const bool interactive = command.empty();
  if (interactive) {
    command = {"/bin/sh", "-i"};
    room.environment["TERM"] = session.environment().get("TERM");
    room.environment["PS1"] = cat("cullet:", options.recipe, "$ ");
  }
  auto spec = room.spec(std::move(command), false);
  spec.interactive = true;
  const auto result = sandbox::run(spec, session.cancel());
  if (result.outcome == sandbox::Outcome::killed)
    throw Error(Kind::machine, result.str(spec.limits)).hint(sandbox::kKilledHint);
  return result.status.signal != 0 ? 128 + result.status.signal : result.status.code;
}

}  // namespace

void register_shell(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ShellOptions>();
  auto* command = add_command(app,
                              "shell",
                              "open a shell in exactly what a recipe's step sees",
                              "cullet shell nginx --failed");
  command->add_option("recipe", options->recipe, "the recipe")->required();
  command->add_flag("--failed", options->failed, "where the recipe's last build stopped");
  command->add_option("command", options->command, "run this instead of a shell (after --)");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return shell(session, *options); };
  });
}

}  // namespace cullet::cli
