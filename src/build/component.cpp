// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/component.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>

#include <fcntl.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/sandbox/sandbox.hpp"

#include "actions.hpp"
#include "disorder.hpp"
#include "preload.hpp"
#include "step_log.hpp"

namespace cullet::build {

namespace {

constexpr std::size_t kTailLines = 12;
constexpr int kNotFound = 127;  // of a shell whose command is not there
constexpr std::uintmax_t kFullDisk = std::uintmax_t{1} << 20U;

/// Whether a tree has something at `path` itself; what links in it lead to is not looked at.
bool holds(const std::filesystem::path& tree, const char* path) {
  const auto root = open_directory(tree);
  try {
    return open_beneath(root.get(), path, O_PATH | O_NOFOLLOW).has_value();
  } catch (const Error& error) {
    if (error.kind() != Kind::refused)
      throw;
    return false;
  }
}

/// Runs the steps of one component in one room.
class ComponentRun {
 public:
  ComponentRun(const Context& context, const plan::Plan& plan, const plan::Node& node)
      : context_(context),
        node_(node),
        recipe_(*node.recipe),
        work_(context.store.work_directory()),
        out_(context.store.stage_tree()),
        room_(component_room(context, plan, node, work_.root())),
        log_(context.store.logs_directory(),
             cat(recipe_.name, "-", node.key.value().hex().substr(0, 12))) {
    room_.out = out_.root();
  }

  store::Tree run() {
    demand_shell();
    run_steps("step", recipe_.steps, false);
    run_steps("check", recipe_.check, true);
    store::CapturePolicy policy;
    policy.modes = recipe_.modes;
    if (recipe_.limits.output_bytes != 0)
      policy.max_bytes = recipe_.limits.output_bytes;
    auto tree = with_context("capturing what the steps installed", [&] {
      return context_.store.commit_tree(std::move(out_), policy, context_.jobs, context_.cancel);
    });
    // Not before: the steps may have left $OUT closed to us, and capturing mends that.
    if (list_directory(open_directory(tree.root).get(), "$OUT").empty())
      throw Error(
          Kind::input,
          cat(recipe_.at.file, ": the steps of '", recipe_.name, "' installed nothing into $OUT"))
          .hint("install with DESTDIR=\"$OUT\", as in: make install DESTDIR=\"$OUT\"");
    return tree;
  }

  [[nodiscard]] const std::filesystem::path& log_path() const { return log_.path(); }

 private:
  /// Debian's essential packages are no dependencies, so an environment has the shell that it
  /// names.
  void demand_shell() const {
    const bool found = std::any_of(room_.root.begin(), room_.root.end(), [](const auto& tree) {
      return holds(tree, "usr/bin/sh") || holds(tree, "bin/sh");
    });
    if (!found)
      throw Error(Kind::input,
                  cat(node_.environment->at.str(),
                      ": environment '",
                      node_.environment->name,
                      "' has no /bin/sh, which steps run with"))
          .hint(
              "add dash to its packages: what Debian calls essential (dash, coreutils, sed, …) is "
              "there only if it is named");
  }

  void run_steps(std::string_view what, const std::vector<workspace::Step>& steps, bool checks) {
    for (std::size_t index = 0; index < steps.size(); ++index) {
      const auto title = cat(what, " ", index + 1, " of ", steps.size());
      const auto first_line = steps[index].run.substr(0, steps[index].run.find('\n'));
      context_.observer.step(node_, cat(title, ": ", printable(first_line)));
      log_.say(cat("==> ", title, ": ", steps[index].run));
      auto spec = room_.spec({"/bin/sh", "-e", "-c", steps[index].run}, checks);
      apply_limits(steps[index], spec.limits);
      spec.output = log_.fd();
      const auto result = sandbox::run(spec, context_.cancel);
      if (!result.ok())
        fail(title, steps[index], spec.limits, result, checks);
    }
  }

  void apply_limits(const workspace::Step& step, sandbox::Limits& limits) const {
    const auto& wanted = recipe_.limits;
    if (wanted.timeout_seconds != 0)
      limits.seconds = wanted.timeout_seconds;
    if (step.timeout_seconds)
      limits.seconds = *step.timeout_seconds;
    if (wanted.processes != 0)
      limits.processes = wanted.processes;
    if (wanted.memory_bytes != 0)
      limits.memory = wanted.memory_bytes;
    if (wanted.output_bytes != 0)
      limits.file_bytes = wanted.output_bytes;
  }

  /// What a program that met a limit may not have said: it was told "cannot fork" or "no memory".
  [[nodiscard]] std::string declared_limits() const {
    const auto& wanted = recipe_.limits;
    std::vector<std::string> out;
    if (wanted.processes != 0)
      out.push_back(cat(wanted.processes, " processes at once"));
    if (wanted.memory_bytes != 0)
      out.push_back(cat(human_size(wanted.memory_bytes), " of memory a process"));
    if (wanted.output_bytes != 0)
      out.push_back(cat(human_size(wanted.output_bytes), " of $OUT"));
    return join(out, ", ");
  }

  [[noreturn]] void fail(const std::string& title,
                         const workspace::Step& step,
                         const sandbox::Limits& limits,
                         const sandbox::Result& result,
                         bool check) {
    const auto how = result.str(limits);
    log_.say(cat("==> ", title, " failed: ", how));
    // The step's programs were told so; the step itself may be all right.
    const bool full = std::filesystem::space(out_.root()).available < kFullDisk;
    const bool machine = full || result.outcome == sandbox::Outcome::killed;
    auto error = Error(machine ? Kind::machine
                       : check ? Kind::refused
                               : Kind::step,
                       cat(title, " of '", recipe_.name, "' failed: ", how));
    if (full)
      error.detail(cat("No space left on device: the file system of ",
                       context_.store.root().string(),
                       " is full"));
    error.detail(cat(step.at.str(), ": ", printable(step.run.substr(0, step.run.find('\n')))));
    for (const auto& line : log_.tail(kTailLines))
      error.detail("| " + line);
    if (const auto declared = declared_limits(); !declared.empty())
      error.hint("the recipe limits each step to " + declared);
    if (result.status.signal == SIGKILL)
      error.hint(sandbox::kKilledHint);
    if (result.status.code == kNotFound)
      error.hint(cat("a program is missing? name its package in environment '",
                     recipe_.environment,
                     "'; a link that a maintainer script would make (/usr/bin/aclocal) goes under "
                     "its `links`"));
    error.hint(cat("the whole output: ", log_.path().string()));
    if (keep_room())
      error.hint(cat("`cullet shell ", recipe_.name, " --failed` opens a shell where it stopped"));
    throw std::move(error);
  }

  /// Keeps what the steps left for `cullet shell --failed`; the one kept before goes.
  bool keep_room() {
    try {
      const auto kept = failed_room(context_.store, context_.workspace, recipe_.name);
      make_directories(kept.parent_path());
      remove_tree(kept);
      make_directories(kept);
      std::filesystem::rename(room_.work, kept / "source");
      std::filesystem::rename(out_.root(), kept / "out");
      replace_file(kept / "room.json", canonical(room_.to_json()), 0644, Durability::buffered);
      return true;
    } catch (const std::exception&) {
      return false;  // the step's own failure is what the user has to see
    }
  }

  const Context& context_;
  const plan::Node& node_;
  const workspace::Recipe& recipe_;
  store::StagedTree work_;
  store::StagedTree out_;
  StepRoom room_;
  StepLog log_;
};

/// Puts every tree that steps see into another order of directories.
void disorder(const Context& context, const std::filesystem::path& into, StepRoom& room) {
  std::vector<std::filesystem::path> root;
  // The environment always; components only while overlayfs takes them all (the page of its
  // options).
  constexpr std::size_t kMostTrees = 120 / kDisorderLayers;
  if (room.root.size() > kMostTrees)
    root.assign(room.root.begin(), room.root.end() - 1);
  for (std::size_t index = root.size(); index < room.root.size(); ++index)
    for (auto& tree : disordered(room.root[index], into / std::to_string(index), context.cancel))
      root.push_back(std::move(tree));
  room.root = std::move(root);
  room.over = disordered(room.source, into / "source", context.cancel);
  room.source = room.over.back();
  room.over.pop_back();
}

}  // namespace

StepRoom component_room(const Context& context,
                        const plan::Plan& plan,
                        const plan::Node& node,
                        const std::filesystem::path& work) {
  StepRoom room;
  for (const auto& need : trees_of(context, plan, node, "needs "))
    room.root.push_back(need.root);
  room.root.push_back(trees_of(context, plan, node, "environment").at(0).root);
  room.source = trees_of(context, plan, node, "source").at(0).root;
  if (context.other_machine) {
    disorder(context, work / "order", room);
    if (std::any_of(room.root.begin(), room.root.end(), loads_preload)) {
      room.preload = work / "preload";
      write_preload(room.preload);
    }
  }
  room.work = work / "source";
  room.out = work / "out";
  make_directories(room.work);
  make_directories(room.out);
  room.environment =
      step_environment(value_of(plan, node, "epoch").get<std::int64_t>(), context.jobs);
  for (const auto& [name, value] : node.fixed.at("env").items())
    room.environment[name] = value.get<std::string>();
  return room;
}

store::ActionRecord run_component(const Context& context,
                                  const plan::Plan& plan,
                                  const plan::Node& node) {
  const auto start = std::chrono::steady_clock::now();
  ComponentRun component(context, plan, node);
  auto record = tree_record(component.run());
  const auto time = std::chrono::steady_clock::now() - start;
  record.value["milliseconds"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  record.value["log"] = component.log_path().filename().string();
  return record;
}

}  // namespace cullet::build
